using System.Buffers.Binary;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Unpacks the "K" types: 256 weights in groups of 16 or 32, whose scales are quantized themselves.</summary>
internal static class SuperBlocks
{
    private const int Elements = 256;
    private const int Half = Elements / 2;
    private const int Lane = 32;

    /// <summary>16 bytes of 4-bit scale and minimum, 64 of 2-bit weights, scale, scale of minimums.</summary>
    public static void Q2(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        var (scale, least) = (SimpleBlocks.Half(block[80..]), SimpleBlocks.Half(block[82..]));
        for (var group = 0; group < 16; group++)
        {
            scales[group] = scale * (block[group] & 15);
            minimums[group] = -(least * (block[group] >> 4));
        }
        for (var i = 0; i < Elements; i++)
        {
            levels[i] = (sbyte)Pair(block[16..], i);
        }
    }

    /// <summary>32 bytes of third bits, 64 of 2-bit weights, 12 of 6-bit scales, scale.</summary>
    public static void Q3(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        var scale = SimpleBlocks.Half(block[108..]);
        var packed = block.Slice(96, 12);
        for (var group = 0; group < 16; group++)
        {
            var low = group < 8 ? packed[group] & 15 : packed[group - 8] >> 4;
            var high = (packed[8 + (group % 4)] >> (2 * (group / 4))) & 3;
            scales[group] = scale * ((low | (high << 4)) - 32);
        }
        for (var i = 0; i < Elements; i++)
        {
            var third = (block[i % Lane] >> (i / Lane)) & 1;
            levels[i] = (sbyte)(Pair(block[32..], i) - (third == 0 ? 4 : 0));
        }
    }

    /// <summary>Scale, scale of minimums, 12 bytes of 6-bit scales and minimums, 128 of 4-bit weights.</summary>
    public static void Q4(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        ScalesAndMinimums(block, scales, minimums);
        for (var i = 0; i < Elements; i++)
        {
            levels[i] = (sbyte)Nibble(block[16..], i);
        }
    }

    /// <summary>As Q4, with 32 bytes of fifth bits before the weights.</summary>
    public static void Q5(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        ScalesAndMinimums(block, scales, minimums);
        for (var i = 0; i < Elements; i++)
        {
            var fifth = (block[16 + (i % Lane)] >> (i / Lane)) & 1;
            levels[i] = (sbyte)(Nibble(block[48..], i) | (fifth << 4));
        }
    }

    /// <summary>128 bytes of low halves, 64 of 2 high bits, 16 signed scales, scale.</summary>
    public static void Q6(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        var scale = SimpleBlocks.Half(block[208..]);
        for (var group = 0; group < 16; group++)
        {
            scales[group] = scale * (sbyte)block[192 + group];
        }
        for (var i = 0; i < Elements; i++)
        {
            // Each half of 128 has 64 bytes: weights 0–63 in their low halves, 64–127 in their high ones.
            var (part, within) = (i / Half, i % Half);
            var low = (block[(part * 64) + (within % 64)] >> (within / 64 * 4)) & 15;
            levels[i] = (sbyte)((low | (Pair(block[128..], i) << 4)) - 32);
        }
    }

    /// <summary>Two bits of weight i: a half of 128 weights has 32 bytes, one for four that lie 32 apart.</summary>
    private static int Pair(ReadOnlySpan<byte> packed, int i) =>
        (packed[(i / Half * Lane) + (i % Lane)] >> (i % Half / Lane * 2)) & 3;

    /// <summary>Four bits of weight i: a quarter of 64 weights has 32 bytes, one for two that lie 32 apart.</summary>
    private static int Nibble(ReadOnlySpan<byte> packed, int i) =>
        (packed[(i / 64 * Lane) + (i % Lane)] >> (i % 64 / Lane * 4)) & 15;

    private static void ScalesAndMinimums(ReadOnlySpan<byte> block, Span<float> scales, Span<float> minimums)
    {
        var scale = SimpleBlocks.Half(block);
        var least = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        var packed = block.Slice(4, 12);
        for (var group = 0; group < 8; group++)
        {
            var (six, minimum) = group < 4
                ? (packed[group] & 63, packed[group + 4] & 63)
                : ((packed[group + 4] & 15) | (packed[group - 4] >> 6 << 4),
                    (packed[group + 4] >> 4) | (packed[group] >> 6 << 4));
            scales[group] = scale * six;
            minimums[group] = -(least * minimum);
        }
    }
}
