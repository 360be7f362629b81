using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Parts of row-major matrices.</summary>
internal static class MatrixParts
{
    /// <summary>Some columns of every row.</summary>
    /// <param name="matrix">[rows, <paramref name="columns"/>]</param>
    /// <returns>[rows, <paramref name="count"/>]</returns>
    public static float[] Columns(ReadOnlySpan<float> matrix, int columns, int first, int count)
    {
        var rows = matrix.Length / columns;
        var cut = new float[rows * count];
        for (var row = 0; row < rows; row++)
        {
            matrix.Slice((row * columns) + first, count).CopyTo(cut.AsSpan(row * count));
        }
        return cut;
    }

    /// <summary>All columns in another order.</summary>
    /// <param name="matrix">[rows, n]</param>
    /// <param name="order">[n]: the old places of the columns.</param>
    public static float[] OrderedColumns(float[] matrix, int[] order)
    {
        var ordered = new float[matrix.Length];
        for (var start = 0; start < ordered.Length; start += order.Length)
        {
            for (var i = 0; i < order.Length; i++)
            {
                ordered[start + i] = matrix[start + order[i]];
            }
        }
        return ordered;
    }

    /// <summary>Multiplies each column by a scale, in place.</summary>
    /// <param name="matrix">[rows, n]</param>
    /// <param name="scales">[n]</param>
    public static void MultiplyColumns(float[] matrix, float[] scales)
    {
        for (var start = 0; start < matrix.Length; start += scales.Length)
        {
            var row = matrix.AsSpan(start, scales.Length);
            TensorPrimitives.Multiply(row, scales, row);
        }
    }

    /// <summary>Copies some rows.</summary>
    /// <param name="matrix">[rows, <paramref name="columns"/>]</param>
    /// <param name="rows">[count, <paramref name="columns"/>], from row <paramref name="first"/> on.</param>
    public static void CopyRows(float[] matrix, long columns, int first, Span<float> rows) =>
        matrix.AsSpan(first * (int)columns, rows.Length).CopyTo(rows);
}
