using System.Buffers.Binary;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Types of metadata values, numbered as in the format's description (ggml, docs/gguf.md).</summary>
internal enum GgufValueType : uint
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    Text = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>One metadata value: numbers as the bytes of the file, or texts; a scalar is a list of one.</summary>
internal sealed record GgufValue(GgufValueType Type, bool IsArray, int Count, byte[] Numbers, string[] Texts)
{
    public bool IsWhole => Type is GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.UInt16
        or GgufValueType.Int16 or GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.UInt64
        or GgufValueType.Int64;

    public bool IsReal => Type is GgufValueType.Float32 or GgufValueType.Float64;

    /// <summary>A whole number; unsigned 64-bit ones beyond the signed range become the largest signed one.</summary>
    public long Whole(int index) => Type switch
    {
        GgufValueType.UInt8 or GgufValueType.Bool => Numbers[index],
        GgufValueType.Int8 => (sbyte)Numbers[index],
        GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(Numbers.AsSpan(index * sizeof(ushort))),
        GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(Numbers.AsSpan(index * sizeof(short))),
        GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(Numbers.AsSpan(index * sizeof(uint))),
        GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(Numbers.AsSpan(index * sizeof(int))),
        GgufValueType.UInt64 => (long)Math.Min(long.MaxValue,
            BinaryPrimitives.ReadUInt64LittleEndian(Numbers.AsSpan(index * sizeof(ulong)))),
        _ => BinaryPrimitives.ReadInt64LittleEndian(Numbers.AsSpan(index * sizeof(long))),
    };

    public double Real(int index) => Type switch
    {
        GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(Numbers.AsSpan(index * sizeof(float))),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(Numbers.AsSpan(index * sizeof(double))),
        _ => Whole(index),
    };

    /// <summary>Bytes of one number; 0 for what is none.</summary>
    public static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        _ => 0,
    };
}
