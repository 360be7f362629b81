namespace EdgeAgent.ModelTools.Quantize;

/// <summary>What a matrix would lose in each format that is open to it.</summary>
/// <param name="Losses">One for each of the formats, in the same unit for all matrices.</param>
internal sealed record FormatLosses(string Name, long Weights, int Inputs, IReadOnlyList<double> Losses)
{
    /// <summary>Bits of the whole matrix in a format.</summary>
    public double BitsIn(BlockFormat format) => Weights * format.StoredBitsOf(Inputs);
}

/// <summary>Chooses the formats of all matrices so that the loss is least and the bits stay within a budget.</summary>
internal static class BitBudget
{
    /// <summary>A format for each matrix, by name.</summary>
    /// <param name="formats">The formats, from the fewest bits to the most.</param>
    /// <param name="bits">The average of stored bits of a weight, scales and zero points included.</param>
    /// <remarks>
    /// All start with the fewest bits; then the step that saves most loss for its bits is taken until none fits. Where
    /// the fewest bits are above the budget already, all stay there.
    /// </remarks>
    public static Dictionary<string, BlockFormat> Choose(
        IReadOnlyList<FormatLosses> matrices, IReadOnlyList<BlockFormat> formats, double bits)
    {
        var chosen = new int[matrices.Count];
        var left = matrices.Sum(matrix => (matrix.Weights * bits) - matrix.BitsIn(formats[0]));
        while (BestStep(matrices, formats, chosen, left) is { } step)
        {
            left -= matrices[step.Matrix].BitsIn(formats[step.Format])
                - matrices[step.Matrix].BitsIn(formats[chosen[step.Matrix]]);
            chosen[step.Matrix] = step.Format;
        }
        return matrices.Select((matrix, i) => (matrix.Name, formats[chosen[i]])).ToDictionary();
    }

    private static (int Matrix, int Format)? BestStep(
        IReadOnlyList<FormatLosses> matrices, IReadOnlyList<BlockFormat> formats, int[] chosen, double left)
    {
        (int, int)? best = null;
        double most = 0;
        for (var i = 0; i < chosen.Length; i++)
        {
            var matrix = matrices[i];
            for (var format = chosen[i] + 1; format < formats.Count; format++)
            {
                var cost = matrix.BitsIn(formats[format]) - matrix.BitsIn(formats[chosen[i]]);
                var gain = (matrix.Losses[chosen[i]] - matrix.Losses[format]) / cost;
                if (cost <= left && gain > most)
                {
                    (best, most) = ((i, format), gain);
                }
            }
        }
        return best;
    }
}
