using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Rounds each weight to the nearest level of its block.</summary>
/// <remarks>
/// Symmetric: the value of largest magnitude becomes the lowest level, as in GGML's Q4_0. Asymmetric: the levels span
/// from the least to the greatest value, zero among them. Scales keep only the bits of a bfloat16; why stands at
/// <see cref="SymmetricInt4"/>. Nano's format cuts them, as it was trained; others widen them, so that the outermost
/// weights still have a level.
/// </remarks>
internal static class RoundToNearest
{
    /// <param name="weights">[rows, inputs]; the block size divides the inputs.</param>
    public static QuantizedMatrix Quantize(ReadOnlySpan<float> weights, int inputs, BlockFormat format)
    {
        var matrix = QuantizedMatrix.Allocate(format, weights.Length / inputs, inputs);
        if (format is { Bits: 4, BlockSize: SymmetricInt4.BlockSize, IsSymmetric: true })
        {
            SymmetricInt4.Quantize(weights, matrix.Packed, matrix.Scales);
            return matrix;
        }
        var blocks = format.Blocks(inputs);
        for (var index = 0; index < matrix.Scales.Length; index++)
        {
            var (row, block) = (index / blocks, index % blocks);
            var values = weights.Slice(index * format.BlockSize, format.BlockSize);
            var (scale, zero) = format.IsSymmetric ? Symmetric(values, format) : Asymmetric(values, format);
            matrix.Scales[index] = scale;
            if (!format.IsSymmetric)
            {
                matrix.SetZeroPoint(row, block, zero);
            }
            for (var i = 0; i < values.Length; i++)
            {
                matrix.SetLevel(row, (block * format.BlockSize) + i, Level(values[i], scale, zero, format));
            }
        }
        return matrix;
    }

    private static int Level(float weight, float scale, int zero, BlockFormat format) =>
        (int)Math.Clamp(MathF.Round(weight / scale, MidpointRounding.ToEven) + zero, 0, format.HighestLevel);

    private static (float Scale, int Zero) Symmetric(ReadOnlySpan<float> values, BlockFormat format)
    {
        var scale = WidenToBFloat16(values[TensorPrimitives.IndexOfMaxMagnitude(values)] / -format.Middle);
        return (scale == 0 ? 1 : scale, format.Middle);
    }

    private static (float Scale, int Zero) Asymmetric(ReadOnlySpan<float> values, BlockFormat format)
    {
        var low = Math.Min(0, TensorPrimitives.Min(values));
        var high = Math.Max(0, TensorPrimitives.Max(values));
        var scale = WidenToBFloat16((high - low) / format.HighestLevel);
        if (scale == 0)
        {
            return (1, format.Middle);
        }
        return (scale, (int)Math.Clamp(MathF.Round(-low / scale), 0, format.HighestLevel));
    }

    /// <summary>The next bfloat16 that is no smaller in magnitude.</summary>
    private static float WidenToBFloat16(float value) =>
        SymmetricInt4.TruncateToBFloat16(BitConverter.UInt32BitsToSingle(
            BitConverter.SingleToUInt32Bits(value) + 0xFFFF));
}
