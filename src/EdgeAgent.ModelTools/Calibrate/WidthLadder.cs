namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Spreads the FFN channels of each level over the layers, so that the measured damage is least.</summary>
internal static class WidthLadder
{
    /// <summary>Widths are multiples of this: blocks of every size divide it.</summary>
    public const int Unit = 64;

    /// <summary>What the last level keeps of the FFN, as a share.</summary>
    private const double LastShare = 0.5;

    /// <summary>FFN channels for each level and layer; level 0 keeps all, and a level that would repeat another is left
    /// out.</summary>
    /// <param name="damages">For each layer, the damage of keeping so many channels.</param>
    public static IReadOnlyList<IReadOnlyList<int>> Spread(IReadOnlyList<double[]> damages, int levels)
    {
        var widths = damages.Select(curve => curve.Length - 1).ToArray();
        var full = widths.Sum();
        var ladder = new List<IReadOnlyList<int>> { (int[])widths.Clone() };
        for (var level = 1; level < levels; level++)
        {
            var share = 1 - ((1 - LastShare) * level / (levels - 1));
            var least = (share * full) - (Unit / 2.0);
            while (widths.Sum() - Unit >= least && Cheapest(damages, widths) is var layer and >= 0)
            {
                widths[layer] -= Unit;
            }
            if (!widths.SequenceEqual(ladder[^1]))
            {
                ladder.Add((int[])widths.Clone());
            }
        }
        return ladder;
    }

    /// <summary>The layer that loses least by one unit less; −1 where none can lose more.</summary>
    private static int Cheapest(IReadOnlyList<double[]> damages, int[] widths)
    {
        var (best, least) = (-1, double.PositiveInfinity);
        for (var layer = 0; layer < widths.Length; layer++)
        {
            if (widths[layer] > Unit)
            {
                var damage = damages[layer][widths[layer] - Unit] - damages[layer][widths[layer]];
                (best, least) = damage < least ? (layer, damage) : (best, least);
            }
        }
        return best;
    }
}
