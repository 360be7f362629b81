namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Finds the scale and zero point of one block with the least weighted rounding error.</summary>
/// <remarks>
/// Tries a grid of ranges, narrower than the block's own: clipping the largest weights a little costs less than a
/// coarser step for all. The best of the grid is refined by the closed form of the best scale for given levels. Scales
/// keep only the bits of a bfloat16, as <see cref="SymmetricInt4"/> explains.
/// </remarks>
internal static class ScaleSearch
{
    /// <summary>Ranges that are tried, as shares of the block's own range.</summary>
    private static readonly float[] Shares = [1.06f, 1f, 0.96f, 0.92f, 0.88f, 0.84f, 0.8f, 0.75f, 0.7f];

    private const int Refinements = 2;

    /// <summary>The scale and zero point of a block.</summary>
    /// <param name="weights">[block]</param>
    /// <param name="importances">[block]: what a squared error of each weight costs.</param>
    public static (float Scale, int Zero) Find(
        ReadOnlySpan<float> weights, ReadOnlySpan<float> importances, BlockFormat format)
    {
        var best = new Candidate(1, format.Middle, float.PositiveInfinity);
        var (smallest, largest) = Range(weights);
        if (smallest == 0 && largest == 0)
        {
            return (best.Scale, best.Zero);
        }
        if (format.IsSymmetric)
        {
            SearchSymmetric(weights, importances, format, Math.Max(-smallest, largest), ref best);
        }
        else
        {
            SearchAsymmetric(weights, importances, format, smallest, largest, ref best);
        }
        for (var i = 0; i < Refinements; i++)
        {
            var scale = Rounded(BestScale(weights, importances, format, best));
            if (scale != 0 && float.IsFinite(scale))
            {
                Try(weights, importances, format, scale, best.Zero, ref best);
            }
        }
        return (best.Scale, best.Zero);
    }

    /// <summary>The level that stands nearest to a weight.</summary>
    public static int Level(float weight, float scale, int zero, int highestLevel) =>
        (int)Math.Clamp(MathF.Round(weight / scale) + zero, 0f, highestLevel);

    private static void SearchSymmetric(ReadOnlySpan<float> weights, ReadOnlySpan<float> importances,
        BlockFormat format, float magnitude, ref Candidate best)
    {
        foreach (var share in Shares)
        {
            // The lowest level reaches one step further than the highest: both signs of the scale are worth a try.
            var scale = Rounded(magnitude * share / format.Middle);
            if (scale == 0)
            {
                continue;
            }
            Try(weights, importances, format, scale, format.Middle, ref best);
            Try(weights, importances, format, -scale, format.Middle, ref best);
        }
    }

    private static void SearchAsymmetric(ReadOnlySpan<float> weights, ReadOnlySpan<float> importances,
        BlockFormat format, float smallest, float largest, ref Candidate best)
    {
        foreach (var share in Shares)
        {
            var scale = Rounded((largest - smallest) * share / format.HighestLevel);
            if (scale == 0)
            {
                continue;
            }
            var middle = -((largest + smallest) / 2 / scale) + (format.HighestLevel / 2f);
            for (var step = 0; step < 2; step++)
            {
                var zero = (int)Math.Clamp(MathF.Floor(middle) + step, 0, format.HighestLevel);
                Try(weights, importances, format, scale, zero, ref best);
            }
        }
    }

    private static void Try(ReadOnlySpan<float> weights, ReadOnlySpan<float> importances, BlockFormat format,
        float scale, int zero, ref Candidate best)
    {
        var loss = BlockLoss.Of(weights, importances, scale, zero, format.HighestLevel);
        if (loss < best.Loss)
        {
            best = new Candidate(scale, zero, loss);
        }
    }

    /// <summary>Σ h·w·q / Σ h·q² for the levels that a candidate gives.</summary>
    private static float BestScale(ReadOnlySpan<float> weights, ReadOnlySpan<float> importances, BlockFormat format,
        Candidate candidate)
    {
        double above = 0, below = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            var level = Level(weights[i], candidate.Scale, candidate.Zero, format.HighestLevel) - candidate.Zero;
            above += (double)importances[i] * weights[i] * level;
            below += (double)importances[i] * level * level;
        }
        return (float)(above / below);
    }

    private static (float Smallest, float Largest) Range(ReadOnlySpan<float> weights)
    {
        float smallest = 0, largest = 0;
        foreach (var weight in weights)
        {
            smallest = Math.Min(smallest, weight);
            largest = Math.Max(largest, weight);
        }
        return (smallest, largest);
    }

    /// <summary>Rounds to the nearest number that has the bits of a bfloat16.</summary>
    private static float Rounded(float value) =>
        BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x8000u) & 0xFFFF0000u);

    /// <summary>A scale and zero point that were tried, and what they cost.</summary>
    private readonly record struct Candidate(float Scale, int Zero, float Loss);
}
