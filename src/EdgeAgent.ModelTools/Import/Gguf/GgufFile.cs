using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Rows of a quantized tensor, unpacked but not multiplied out: weight = scale × level + minimum.</summary>
/// <param name="Levels">[rows, columns]</param>
/// <param name="Scales">[rows, groups]</param>
/// <param name="Minimums">[rows, groups]; empty where the type has none.</param>
internal sealed record UnpackedRows(sbyte[] Levels, float[] Scales, float[] Minimums);

/// <summary>A GGUF file: its checked header, and its tensors row by row.</summary>
internal sealed class GgufFile : IDisposable
{
    public const int ReadChunkBytes = 256 << 10;

    private readonly Stream _stream;
    private readonly byte[] _chunk = new byte[ReadChunkBytes];

    private GgufFile(Stream stream, string name, GgufHeader header) => (_stream, Name, Header) = (stream, name, header);

    /// <summary>The file's name, without folder.</summary>
    public string Name { get; }

    public GgufHeader Header { get; }

    /// <exception cref="ModelToolsException">The file is missing, or breaks the format or a limit.</exception>
    public static GgufFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelToolsException(ModelToolsFault.SourceMissing, $"{path} is not there.");
        }
        var stream = SourceFile.Open(path, Path.GetFileName(path));
        try
        {
            return Read(stream, Path.GetFileName(path));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Takes over a stream that can seek.</summary>
    /// <exception cref="ModelToolsException">The content breaks the format or a limit.</exception>
    public static GgufFile Read(Stream stream, string name) => new(stream, name, GgufHeader.Read(stream, name));

    /// <summary>Reads rows as floats.</summary>
    /// <param name="target">[count, columns]</param>
    public void ReadRows(GgufTensor tensor, long first, Span<float> target)
    {
        var layout = tensor.Layout;
        var levels = layout.IsQuantized ? new sbyte[layout.BlockElements] : [];
        Span<float> scales = stackalloc float[layout.Groups];
        Span<float> minimums = stackalloc float[layout.Groups];
        var blocks = target.Length / layout.BlockElements;
        var perChunk = ReadChunkBytes / layout.BlockBytes;
        _stream.Position = tensor.Offset + (first * tensor.Columns / layout.BlockElements * layout.BlockBytes);
        for (var done = 0; done < blocks; done += perChunk)
        {
            var bytes = _chunk.AsSpan(0, Math.Min(perChunk, blocks - done) * layout.BlockBytes);
            _stream.ReadExactly(bytes);
            var part = target.Slice(done * layout.BlockElements, bytes.Length / layout.BlockBytes
                * layout.BlockElements);
            if (!layout.IsQuantized)
            {
                Widen(layout, bytes, part);
                continue;
            }
            for (; bytes.Length > 0; bytes = bytes[layout.BlockBytes..], part = part[layout.BlockElements..])
            {
                layout.Unpack!(bytes[..layout.BlockBytes], levels, scales, minimums);
                MultiplyOut(layout, levels, scales, minimums, part);
            }
        }
    }

    /// <summary>Reads rows of a quantized tensor without multiplying them out.</summary>
    public UnpackedRows ReadUnpackedRows(GgufTensor tensor, long first, int count)
    {
        var layout = tensor.Layout;
        var levels = new sbyte[count * tensor.Columns];
        var scales = new float[levels.Length / layout.GroupElements];
        var minimums = new float[layout.HasMinimum ? scales.Length : layout.Groups];
        var blocks = levels.Length / layout.BlockElements;
        var perChunk = ReadChunkBytes / layout.BlockBytes;
        _stream.Position = tensor.Offset + (first * tensor.Columns / layout.BlockElements * layout.BlockBytes);
        for (var block = 0; block < blocks; block++)
        {
            var within = block % perChunk;
            if (within == 0)
            {
                _stream.ReadExactly(_chunk.AsSpan(0, Math.Min(perChunk, blocks - block) * layout.BlockBytes));
            }
            layout.Unpack!(
                _chunk.AsSpan(within * layout.BlockBytes, layout.BlockBytes),
                levels.AsSpan(block * layout.BlockElements, layout.BlockElements),
                scales.AsSpan(block * layout.Groups, layout.Groups),
                minimums.AsSpan(layout.HasMinimum ? block * layout.Groups : 0, layout.Groups));
        }
        return new UnpackedRows(levels, scales, layout.HasMinimum ? minimums : []);
    }

    public void Dispose() => _stream.Dispose();

    private static void MultiplyOut(
        GgufBlockLayout layout, ReadOnlySpan<sbyte> levels, ReadOnlySpan<float> scales, ReadOnlySpan<float> minimums,
        Span<float> target)
    {
        for (var group = 0; group < layout.Groups; group++)
        {
            var (scale, minimum) = (scales[group], layout.HasMinimum ? minimums[group] : 0);
            var end = (group + 1) * layout.GroupElements;
            for (var i = group * layout.GroupElements; i < end; i++)
            {
                target[i] = (scale * levels[i]) + minimum;
            }
        }
    }

    private static void Widen(GgufBlockLayout layout, ReadOnlySpan<byte> bytes, Span<float> target)
    {
        if (layout == GgufBlockLayout.F32)
        {
            bytes.CopyTo(MemoryMarshal.AsBytes(target));
        }
        else if (layout == GgufBlockLayout.F16)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), target);
        }
        else
        {
            var halves = MemoryMarshal.Cast<byte, ushort>(bytes);
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
            }
        }
    }
}
