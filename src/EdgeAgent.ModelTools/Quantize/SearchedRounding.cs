namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Rounds a matrix with searched scales and no feedback between columns.</summary>
internal static class SearchedRounding
{
    /// <param name="weights">[rows, columns]</param>
    /// <param name="importances">[columns]: what a squared error of a column costs; null: all cost the same.</param>
    public static QuantizedMatrix Quantize(
        ReadOnlyMemory<float> weights, int columns, float[]? importances, BlockFormat format)
    {
        var rows = weights.Length / columns;
        var matrix = QuantizedMatrix.Allocate(format, rows, columns);
        var costs = importances ?? Enumerable.Repeat(1f, columns).ToArray();
        Parallel.For(0, rows, row =>
        {
            var values = weights.Span.Slice(row * columns, columns);
            for (var start = 0; start < columns; start += format.BlockSize)
            {
                var part = values.Slice(start, format.BlockSize);
                var (scale, zero) = ScaleSearch.Find(part, costs.AsSpan(start, format.BlockSize), format);
                matrix.SetScale(row, start / format.BlockSize, scale, zero);
                for (var i = 0; i < part.Length; i++)
                {
                    matrix.SetLevel(row, start + i, ScaleSearch.Level(part[i], scale, zero, format.HighestLevel));
                }
            }
        });
        return matrix;
    }
}
