namespace EdgeAgent.ModelTools.Quantize;

/// <summary>The lower triangle of a square matrix, without room for the upper one.</summary>
/// <param name="n">Rows and columns.</param>
internal sealed class LowerTriangle(int n)
{
    /// <summary>Row i has i + 1 values.</summary>
    private readonly double[] _values = new double[checked(n * (n + 1L) / 2)];

    public int Size => n;

    public double this[int row, int column] => _values[Start(row) + column];

    /// <summary>A row up to the diagonal.</summary>
    public Span<double> Row(int row) => _values.AsSpan(Start(row), row + 1);

    private static int Start(int row) => (int)((long)row * (row + 1) / 2);
}
