namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>FFN channels of each level and layer for a model that brings no levels.</summary>
/// <remarks>
/// Every level loses the same share of all channels; where, is decided by what the whole model's answers suffer. A
/// ladder that followed the squared error of each layer's own output was worse than one of equal widths
/// (docs/PERFORMANCE.md).
/// </remarks>
internal static class WidthLadder
{
    /// <summary>Widths are multiples of this: blocks of every size divide it.</summary>
    public const int Unit = 64;

    /// <summary>What the last level keeps of all FFN channels, as a share.</summary>
    private const double LastShare = 0.5;

    /// <summary>What every level keeps of each layer, as a share: what is measured does not reach below.</summary>
    private const double LeastShare = 1.0 / 3;

    /// <summary>Channels that every level keeps of a layer.</summary>
    public static int Least(int channels) => Whole(LeastShare * channels);

    /// <summary>
    /// FFN channels for each level and layer; level 0 keeps all, and a level that would repeat another is left out.
    /// </summary>
    /// <param name="channels">FFN channels of a layer, a multiple of <see cref="Unit"/>.</param>
    /// <param name="damages">For each layer, the damage by the number of channels left, [channels + 1].</param>
    public static IReadOnlyList<IReadOnlyList<int>> Of(int channels, int levels, IReadOnlyList<double[]> damages)
    {
        var least = Least(channels);
        int[] widths = [.. Enumerable.Repeat(channels, damages.Count)];
        List<IReadOnlyList<int>> ladder = [[.. widths]];
        for (var level = 1; level < levels; level++)
        {
            var share = 1 - ((1 - LastShare) * level / (levels - 1));
            if (Narrow(widths, damages, least, Whole(share * channels) * damages.Count))
            {
                ladder.Add([.. widths]);
            }
        }
        return ladder;
    }

    /// <summary>Takes units where they are missed least until so many channels are left.</summary>
    /// <returns>Whether any went.</returns>
    private static bool Narrow(int[] widths, IReadOnlyList<double[]> damages, int least, int wanted)
    {
        var left = widths.Sum();
        var before = left;
        while (left > wanted)
        {
            var layer = Enumerable.Range(0, widths.Length).Where(i => widths[i] - Unit >= least)
                .MinBy(i => damages[i][widths[i] - Unit] - damages[i][widths[i]]);
            widths[layer] -= Unit;
            left -= Unit;
        }
        return left < before;
    }

    private static int Whole(double channels) => Math.Max(Unit, (int)Math.Round(channels / Unit) * Unit);
}
