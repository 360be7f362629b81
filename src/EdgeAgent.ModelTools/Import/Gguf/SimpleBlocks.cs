using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Unpacks the types with blocks of 32 weights, one scale and perhaps a minimum.</summary>
/// <remarks>Weights 0–15 lie in the low halves of 16 bytes, 16–31 in the high ones; fifth bits apart.</remarks>
internal static class SimpleBlocks
{
    private const int Elements = 32;

    public static void Q4Symmetric(
        ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        scales[0] = Half(block);
        Nibbles(block[2..], levels, -8);
    }

    public static void Q4WithMinimum(
        ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        (scales[0], minimums[0]) = (Half(block), Half(block[2..]));
        Nibbles(block[4..], levels, 0);
    }

    public static void Q5Symmetric(
        ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        scales[0] = Half(block);
        FifthBits(block[2..], levels, -16);
    }

    public static void Q5WithMinimum(
        ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        (scales[0], minimums[0]) = (Half(block), Half(block[2..]));
        FifthBits(block[4..], levels, 0);
    }

    public static void Q8(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        scales[0] = Half(block);
        MemoryMarshal.Cast<byte, sbyte>(block[2..]).CopyTo(levels);
    }

    /// <summary>A half-precision number at the start of the bytes.</summary>
    public static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    private static void Nibbles(ReadOnlySpan<byte> packed, Span<sbyte> levels, int offset)
    {
        for (var i = 0; i < Elements / 2; i++)
        {
            levels[i] = (sbyte)((packed[i] & 15) + offset);
            levels[i + (Elements / 2)] = (sbyte)((packed[i] >> 4) + offset);
        }
    }

    private static void FifthBits(ReadOnlySpan<byte> packed, Span<sbyte> levels, int offset)
    {
        Nibbles(packed[sizeof(uint)..], levels, offset);
        var high = BinaryPrimitives.ReadUInt32LittleEndian(packed);
        for (var i = 0; i < Elements; i++)
        {
            levels[i] += (sbyte)(((high >> i) & 1) << 4);
        }
    }
}
