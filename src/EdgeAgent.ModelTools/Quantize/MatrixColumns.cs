namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Parts of row-major matrices.</summary>
internal static class MatrixColumns
{
    /// <summary>The first columns of every row.</summary>
    /// <param name="matrix">[rows, <paramref name="columns"/>]</param>
    /// <returns>[rows, <paramref name="count"/>]</returns>
    public static float[] First(float[] matrix, int columns, int count)
    {
        var rows = matrix.Length / columns;
        var cut = new float[rows * count];
        for (var row = 0; row < rows; row++)
        {
            matrix.AsSpan(row * columns, count).CopyTo(cut.AsSpan(row * count));
        }
        return cut;
    }
}
