using System.Buffers.Binary;
using System.Text;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Reads the header of a GGUF file front to back, never past its end or the limit of a header.</summary>
internal sealed class GgufCursor(Stream stream, string file)
{
    private const int BufferBytes = 32 << 10;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly byte[] _buffer = new byte[Math.Min(BufferBytes, stream.Length)];
    private readonly long _end = Math.Min(stream.Length, GgufLimits.HeaderBytes);
    private int _start;
    private int _filled;

    public long Position { get; private set; }

    public long Left => _end - Position;

    public byte Byte(string what)
    {
        Span<byte> bytes = stackalloc byte[1];
        Bytes(bytes, what);
        return bytes[0];
    }

    public uint UInt32(string what)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Bytes(bytes, what);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public ulong UInt64(string what)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Bytes(bytes, what);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>A count of things of at least the given size: within the limit and what the file can hold.</summary>
    public int Count(string what, int limit, int entryBytes)
    {
        var count = UInt64(what);
        return count <= (ulong)limit && count <= (ulong)(Left / entryBytes)
            ? (int)count
            : throw Invalid($"{what} is {count}; the limit is {limit}, and the file has {Left} bytes left"
                + (count <= (ulong)limit ? "; it may be cut short" : ""));
    }

    /// <summary>A text with its length before it.</summary>
    public string Text(string what, int limit)
    {
        var bytes = new byte[Count($"the length of {what}", limit, entryBytes: 1)];
        Bytes(bytes, what);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Invalid($"{what} is not UTF-8");
        }
    }

    public void Bytes(Span<byte> target, string what)
    {
        if (target.Length > Left)
        {
            throw Invalid(Position + target.Length > GgufLimits.HeaderBytes
                ? $"{what} lies beyond the first {GgufLimits.HeaderBytes} bytes, the limit of a header"
                : $"it ends within {what}, of whose {target.Length} bytes it has {Left}; it may be cut short");
        }
        while (target.Length > 0)
        {
            if (_start == _filled)
            {
                stream.Position = Position;
                (_start, _filled) = (0, (int)Math.Min(_buffer.Length, Left));
                stream.ReadExactly(_buffer.AsSpan(0, _filled));
            }
            var part = Math.Min(target.Length, _filled - _start);
            _buffer.AsSpan(_start, part).CopyTo(target);
            target = target[part..];
            _start += part;
            Position += part;
        }
    }

    public ModelToolsException Invalid(string why) => new(ModelToolsFault.SourceInvalid, $"{file}: {why}.");
}
