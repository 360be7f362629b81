using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>
/// Round-to-nearest 4-bit weights in the layout of <c>MatMulNBits</c>: symmetric, one scale per block.
/// </summary>
/// <remarks>
/// The value of largest magnitude in a block becomes −8, as in GGML's Q4_0. Scales keep only the upper 16 bits of the
/// float, the bits of a bfloat16, because the Arm kernels truncate them: so every processor sees the same weights.
/// </remarks>
internal static class SymmetricInt4
{
    public const int BlockSize = 32;

    /// <summary>The stored value that stands for zero.</summary>
    private const int Zero = 8;

    /// <summary>Quantizes rows of K weights, K divisible by <see cref="BlockSize"/>.</summary>
    /// <param name="weights">[rows, K]</param>
    /// <param name="packed">[rows, K / 32, 16]: two weights a byte, the earlier one in the low half.</param>
    /// <param name="scales">[rows, K / 32]</param>
    public static void Quantize(ReadOnlySpan<float> weights, Span<byte> packed, Span<float> scales)
    {
        for (var block = 0; block < scales.Length; block++)
        {
            scales[block] = QuantizeBlock(
                weights.Slice(block * BlockSize, BlockSize), packed.Slice(block * BlockSize / 2, BlockSize / 2));
        }
    }

    private static float QuantizeBlock(ReadOnlySpan<float> weights, Span<byte> packed)
    {
        var scale = TruncateToBFloat16(weights[TensorPrimitives.IndexOfMaxMagnitude(weights)] / -Zero);
        if (scale == 0)
        {
            scale = 1;
        }
        for (var i = 0; i < packed.Length; i++)
        {
            packed[i] = (byte)(Level(weights[2 * i], scale) | (Level(weights[(2 * i) + 1], scale) << 4));
        }
        return scale;
    }

    private static int Level(float weight, float scale) =>
        (int)Math.Clamp(MathF.Round(weight / scale, MidpointRounding.ToEven), -Zero, Zero - 1) + Zero;

    public static float TruncateToBFloat16(float value) =>
        BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000u);
}
