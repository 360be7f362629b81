using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Factors symmetric positive definite matrices and solves with them, on all cores.</summary>
/// <remarks>
/// Everything runs over contiguous rows. Each value is computed by one thread in one order, so that the result does not
/// depend on the number of cores.
/// </remarks>
internal static class SymmetricSystem
{
    private const int PanelColumns = 48;

    /// <summary>Overwrites the lower triangle of a matrix with L, where L·Lᵀ is the matrix.</summary>
    /// <returns>False where the matrix is not positive definite.</returns>
    public static bool TryFactor(LowerTriangle matrix)
    {
        var n = matrix.Size;
        for (var start = 0; start < n; start += PanelColumns)
        {
            var end = Math.Min(start + PanelColumns, n);
            for (var row = start; row < end; row++)
            {
                if (!FactorRow(matrix, row, start, row + 1))
                {
                    return false;
                }
            }
            Parallel.For(end, n, row => FactorRow(matrix, row, start, end));
        }
        return true;
    }

    /// <summary>Solves x·(L·Lᵀ) = b for every row b of the right side, in its place.</summary>
    /// <param name="factor">L.</param>
    /// <param name="right">[rows, n]</param>
    public static void Solve(LowerTriangle factor, double[] right)
    {
        var n = factor.Size;
        Parallel.For(0, right.Length / n, row =>
        {
            var x = right.AsSpan(row * n, n);
            for (var i = 0; i < n; i++)
            {
                x[i] = (x[i] - TensorPrimitives.Dot<double>(factor.Row(i)[..i], x[..i])) / factor[i, i];
            }
            for (var i = n - 1; i >= 0; i--)
            {
                x[i] /= factor[i, i];
                TensorPrimitives.MultiplyAdd(factor.Row(i)[..i], -x[i], x[..i], x[..i]);
            }
        });
    }

    /// <summary>L[row, j] = (A[row, j] − L[row, 0…j]·L[j, 0…j]) / L[j, j] for a range of columns.</summary>
    private static bool FactorRow(LowerTriangle matrix, int row, int from, int to)
    {
        var own = matrix.Row(row);
        for (var j = from; j < to; j++)
        {
            var value = own[j] - TensorPrimitives.Dot<double>(own[..j], matrix.Row(j)[..j]);
            if (j == row)
            {
                if (!(value > 0))
                {
                    return false;
                }
                own[j] = Math.Sqrt(value);
            }
            else
            {
                own[j] = value / matrix[j, j];
            }
        }
        return true;
    }
}
