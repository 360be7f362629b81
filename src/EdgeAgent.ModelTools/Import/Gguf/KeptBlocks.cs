using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Writes unpacked GGML blocks as blocks of <c>MatMulNBits</c>, without rounding a weight again.</summary>
/// <remarks>
/// Levels of at most 4 bits stay at 4 bits, all others go to 8. A minimum becomes the nearest whole zero point and a
/// remainder. Scales stay what they are: the Arm kernels for symmetric 4 bits (KleidiAI) cut them to a bfloat16, which
/// makes a weight of Q4_0 up to 1/128 smaller there.
/// </remarks>
internal static class KeptBlocks
{
    public static BlockFormat FormatOf(GgufBlockLayout layout) => new(
        layout.HighestLevel - layout.LowestLevel < 16 ? 4 : 8, layout.GroupElements, !layout.HasMinimum);

    /// <summary>Room for the blocks of a tensor.</summary>
    public static QuantizedMatrix Allocate(GgufBlockLayout layout, int outputs, int inputs)
    {
        var matrix = QuantizedMatrix.Allocate(FormatOf(layout), outputs, inputs);
        return layout.HasMinimum ? matrix with { Remainders = new float[matrix.Scales.Length] } : matrix;
    }

    /// <summary>Writes rows into a matrix that was allocated for them.</summary>
    /// <param name="first">The row of the matrix that the first of the rows becomes.</param>
    public static void Convert(GgufBlockLayout layout, UnpackedRows rows, QuantizedMatrix matrix, int first)
    {
        var format = matrix.Format;
        var blocks = format.Blocks(matrix.Inputs);
        var scales = matrix.Scales.AsSpan(first * blocks, rows.Scales.Length);
        var remainders = matrix.Remainders.AsSpan(matrix.Remainders is null ? 0 : first * blocks);
        rows.Scales.CopyTo(scales);
        for (var index = 0; index < rows.Scales.Length; index++)
        {
            var (row, block) = (first + (index / blocks), index % blocks);
            var levels = rows.Levels.AsSpan(index * format.BlockSize, format.BlockSize);
            var shift = format.IsSymmetric ? format.Middle : 0;
            if (layout.HasMinimum)
            {
                (scales[index], var zero, shift, remainders[index]) =
                    SplitMinimum(format, rows.Scales[index], rows.Minimums[index]);
                matrix.SetZeroPoint(row, block, zero);
                if (rows.Scales[index] == 0)
                {
                    levels.Clear();
                }
            }
            for (var i = 0; i < levels.Length; i++)
            {
                matrix.SetLevel(row, (block * format.BlockSize) + i, levels[i] + shift);
            }
        }
    }

    /// <summary>scale · level + minimum = scale · (level + shift − zero) + remainder.</summary>
    private static (float Scale, int Zero, int Shift, float Remainder) SplitMinimum(
        BlockFormat format, float scale, float minimum)
    {
        if (scale == 0)
        {
            // A block of one value: one level above zero, whose step is that value.
            return (minimum, format.Middle, format.Middle + 1, 0);
        }
        var zero = (int)Math.Clamp(MathF.Round(-minimum / scale), 0, format.HighestLevel);
        return (scale, zero, 0, minimum + (scale * zero));
    }
}
