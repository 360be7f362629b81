using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Moves what is added to whole blocks into columns of their own.</summary>
/// <remarks>
/// MatMulNBits is fast with whole zero points only, but a block of Q4_1 or Q4_K has a minimum of any size. With the
/// nearest zero point a remainder r of at most half a step is left for all weights of the block, and
/// Σ (w + r) · x = Σ w · x + r · Σ x. So the input gets the sums of its blocks as more columns, the matrix the
/// remainders as their weights: no second matrix, no second launch. Columns have the bits of their matrix. Four are too
/// few (margins between tokens of SmolLM2 move by 0.09), so there a second column holds sixteenths, for sums divided by
/// 16: eight bits in two halves.
/// </remarks>
internal static class MinimumColumns
{
    /// <summary>How much finer the second column is.</summary>
    public const int Fineness = 16;

    /// <summary>Columns for each block of the input.</summary>
    public static int PerBlock(int bits) => bits == 4 ? 2 : 1;

    /// <summary>The matrix with the columns behind its own, filled up to whole blocks with zeros.</summary>
    public static QuantizedMatrix Append(QuantizedMatrix matrix)
    {
        var format = matrix.Format;
        var blocks = format.Blocks(matrix.Inputs);
        var columns = blocks * PerBlock(format.Bits);
        var more = (columns + format.BlockSize - 1) / format.BlockSize;
        var wide = QuantizedMatrix.Allocate(format, matrix.Outputs, (blocks + more) * format.BlockSize);
        var (narrowBytes, wideBytes) = (blocks * format.BlockBytes, (blocks + more) * format.BlockBytes);
        var (zeroBytes, wideZeroBytes) = (
            format.ZeroPointRowBytes(matrix.Inputs), format.ZeroPointRowBytes(wide.Inputs));
        for (var row = 0; row < matrix.Outputs; row++)
        {
            matrix.Packed.AsSpan(row * narrowBytes, narrowBytes).CopyTo(wide.Packed.AsSpan(row * wideBytes));
            matrix.Scales.AsSpan(row * blocks, blocks).CopyTo(wide.Scales.AsSpan(row * (blocks + more)));
            matrix.ZeroPoints.AsSpan(row * zeroBytes, zeroBytes)
                .CopyTo(wide.ZeroPoints.AsSpan(row * wideZeroBytes));
            Fill(wide, row, matrix.Remainders.AsSpan(row * blocks, blocks));
        }
        return wide;
    }

    /// <summary>One scale for all columns of a row, so that a block may hold columns of both kinds.</summary>
    private static void Fill(QuantizedMatrix wide, int row, ReadOnlySpan<float> remainders)
    {
        var format = wide.Format;
        var isHalved = PerBlock(format.Bits) == 2;
        // In halves the largest number is 7 and 7 sixteenths.
        var most = isHalved ? 119 : format.Middle - 1;
        var largest = Math.Abs(remainders[TensorPrimitives.IndexOfMaxMagnitude(remainders)]);
        var step = largest == 0 ? 1 : largest / most;
        for (var block = remainders.Length; block < format.Blocks(wide.Inputs); block++)
        {
            wide.Scales[(row * format.Blocks(wide.Inputs)) + block] = isHalved ? step * Fineness : step;
            wide.SetZeroPoint(row, block, format.Middle);
            for (var i = 0; i < format.BlockSize; i++)
            {
                wide.SetLevel(row, (block * format.BlockSize) + i, format.Middle);
            }
        }
        var first = remainders.Length * format.BlockSize;
        for (var i = 0; i < remainders.Length; i++)
        {
            var steps = (int)Math.Clamp(MathF.Round(remainders[i] / step), -most, most);
            var coarse = isHalved ? (steps + (Fineness / 2)) >> 4 : steps;
            wide.SetLevel(row, first + i, coarse + format.Middle);
            if (isHalved)
            {
                wide.SetLevel(row, first + remainders.Length + i, steps - (coarse * Fineness) + format.Middle);
            }
        }
    }
}
