namespace EdgeAgent.Benchmarks;

/// <summary>The middle of some figures.</summary>
internal static class Median
{
    /// <summary>Sorts the figures and gives the upper of the middle ones.</summary>
    public static double Of(List<double> figures)
    {
        figures.Sort();
        return figures[figures.Count / 2];
    }
}
