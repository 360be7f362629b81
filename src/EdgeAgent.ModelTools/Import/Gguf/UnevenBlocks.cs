using System.Buffers.Binary;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Unpacks the types whose 4-bit codes stand for unevenly spaced levels.</summary>
internal static class UnevenBlocks
{
    private const int GroupElements = 32;

    /// <summary>The sixteen levels (kvalues_iq4nl of ggml-common.h).</summary>
    private static ReadOnlySpan<sbyte> Levels =>
        [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>IQ4_NL: scale, 16 bytes of codes.</summary>
    public static void Simple(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        scales[0] = SimpleBlocks.Half(block);
        Codes(block[2..], levels);
    }

    /// <summary>IQ4_XS: scale, 16 high bits and 4 bytes of low bits of eight scales, 128 bytes of codes.</summary>
    public static void Super(ReadOnlySpan<byte> block, Span<sbyte> levels, Span<float> scales, Span<float> minimums)
    {
        var scale = SimpleBlocks.Half(block);
        var high = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (var group = 0; group < 8; group++)
        {
            var low = (block[4 + (group / 2)] >> (4 * (group % 2))) & 15;
            scales[group] = scale * ((low | (((high >> (2 * group)) & 3) << 4)) - 32);
            Codes(block[(8 + (group * GroupElements / 2))..], levels[(group * GroupElements)..]);
        }
    }

    private static void Codes(ReadOnlySpan<byte> packed, Span<sbyte> levels)
    {
        for (var i = 0; i < GroupElements / 2; i++)
        {
            levels[i] = Levels[packed[i] & 15];
            levels[i + (GroupElements / 2)] = Levels[packed[i] >> 4];
        }
    }
}
