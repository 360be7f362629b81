namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>FFN channels of each level for a model that brings no levels.</summary>
/// <remarks>
/// Every layer loses the same share: a ladder whose widths followed the squared error of each layer's own output was
/// worse than this one without any correction (docs/PERFORMANCE.md).
/// </remarks>
internal static class WidthLadder
{
    /// <summary>Widths are multiples of this: blocks of every size divide it.</summary>
    public const int Unit = 64;

    /// <summary>What the last level keeps of the FFN, as a share.</summary>
    private const double LastShare = 0.5;

    /// <summary>FFN channels for each level and layer; level 0 keeps all, and a level that would repeat another is left
    /// out.</summary>
    /// <param name="channels">FFN channels of a layer, a multiple of <see cref="Unit"/>.</param>
    public static IReadOnlyList<IReadOnlyList<int>> Uniform(int layers, int channels, int levels)
    {
        var ladder = new List<IReadOnlyList<int>>();
        var last = 0;
        for (var level = 0; level < levels; level++)
        {
            var share = level == 0 ? 1 : 1 - ((1 - LastShare) * level / (levels - 1));
            var width = Math.Max(Unit, (int)Math.Round(share * channels / Unit) * Unit);
            if (width != last)
            {
                ladder.Add([.. Enumerable.Repeat(width, layers)]);
            }
            last = width;
        }
        return ladder;
    }
}
