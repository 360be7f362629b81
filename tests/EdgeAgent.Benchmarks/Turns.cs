namespace EdgeAgent.Benchmarks;

/// <summary>Lets engines do the same work one after the other, so that another process's load hits all alike.</summary>
internal static class Turns
{
    /// <summary>Medians of each engine's seconds, and of how much faster than the first it was in its turns.</summary>
    /// <param name="engines">Each does its work once and gives the seconds that it took.</param>
    public static (double Seconds, double Ratio)[] Measure(Func<double>[] engines, int rounds)
    {
        var seconds = Array.ConvertAll(engines, _ => new List<double>());
        var ratios = Array.ConvertAll(engines, _ => new List<double>());
        for (var round = -1; round < rounds; round++)
        {
            var turn = Array.ConvertAll(engines, engine => engine());
            // The first round warms up.
            for (var i = 0; i < turn.Length && round >= 0; i++)
            {
                seconds[i].Add(turn[i]);
                ratios[i].Add(turn[0] / turn[i]);
            }
        }
        return [.. engines.Select((_, i) => (Median.Of(seconds[i]), Median.Of(ratios[i])))];
    }

    /// <summary>Token ids for work whose answers nobody reads.</summary>
    public static int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => 3 + (i * 37 % 4000))];
}
