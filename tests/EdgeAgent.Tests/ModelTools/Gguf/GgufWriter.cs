using System.Buffers.Binary;
using System.Text;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>Writes GGUF files byte by byte, honest ones and others; it shares nothing with the reader.</summary>
internal sealed class GgufWriter
{
    private readonly List<byte> _fields = [];
    private readonly List<byte> _descriptions = [];
    private readonly List<byte> _tensors = [];

    private ulong? _claimedFields;
    private ulong? _claimedTensors;
    private uint _fieldCount;
    private uint _tensorCount;

    public uint Version { get; init; } = 3;

    public int Alignment { get; init; } = 32;

    /// <summary>Counts to write instead of the true ones.</summary>
    public GgufWriter Claim(ulong? fields = null, ulong? tensors = null)
    {
        (_claimedFields, _claimedTensors) = (fields, tensors);
        return this;
    }

    public GgufWriter Text(string key, string value) =>
        Field(key, 8, [.. Length(value), .. Encoding.UTF8.GetBytes(value)]);

    public GgufWriter UInt32(string key, uint value) => Field(key, 4, Bytes(value));

    public GgufWriter Real(string key, float value) => Field(key, 6, BitConverter.GetBytes(value));

    public GgufWriter Flag(string key, bool value) => Field(key, 7, [value ? (byte)1 : (byte)0]);

    public GgufWriter Texts(string key, params string[] values) => Field(key, 9,
        [.. Bytes(8u), .. Bytes((ulong)values.Length),
            .. values.SelectMany(value => (byte[])[.. Length(value), .. Encoding.UTF8.GetBytes(value)])]);

    public GgufWriter Numbers(string key, params int[] values) => Field(key, 9,
        [.. Bytes(5u), .. Bytes((ulong)values.Length), .. values.SelectMany(BitConverter.GetBytes)]);

    public GgufWriter Reals(string key, params float[] values) => Field(key, 9,
        [.. Bytes(6u), .. Bytes((ulong)values.Length), .. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>A field with any type and any bytes.</summary>
    public GgufWriter Field(string key, uint type, byte[] value)
    {
        _fields.AddRange([.. Length(key), .. Encoding.UTF8.GetBytes(key), .. Bytes(type), .. value]);
        _fieldCount++;
        return this;
    }

    /// <summary>An F32 tensor; the shape is row-major.</summary>
    public GgufWriter Tensor(string name, long[] shape, float[] values) =>
        Tensor(name, shape, 0, [.. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>A tensor of any type and any bytes; the offset is the true one where none is claimed.</summary>
    public GgufWriter Tensor(string name, long[] shape, uint type, byte[] content, ulong? offset = null)
    {
        _descriptions.AddRange([.. Length(name), .. Encoding.UTF8.GetBytes(name), .. Bytes((uint)shape.Length),
            .. shape.Reverse().SelectMany(dimension => Bytes((ulong)dimension)),
            .. Bytes(type), .. Bytes(offset ?? (ulong)_tensors.Count)]);
        _tensors.AddRange(content);
        _tensors.AddRange(new byte[(Alignment - (_tensors.Count % Alignment)) % Alignment]);
        _tensorCount++;
        return this;
    }

    public byte[] ToArray()
    {
        byte[] head = [.. "GGUF"u8, .. Bytes(Version), .. Bytes(_claimedTensors ?? _tensorCount),
            .. Bytes(_claimedFields ?? _fieldCount), .. _fields, .. _descriptions];
        return [.. head, .. new byte[(Alignment - (head.Length % Alignment)) % Alignment], .. _tensors];
    }

    private static byte[] Length(string text) => Bytes((ulong)Encoding.UTF8.GetByteCount(text));

    private static byte[] Bytes(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Bytes(ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
