using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>The order of a layer's FFN channels, those that are missed least at the end.</summary>
/// <remarks>
/// What is missed is counted after the others have made up for it (Hassibi and Stork 1993, Optimal Brain Surgeon):
/// channel c costs ‖Wᶜ‖² / (H⁻¹)ᶜᶜ. Channels go in steps, and after each the rest of W and H⁻¹ is what elimination
/// leaves.
/// </remarks>
internal static class ChannelOrder
{
    /// <summary>Steps in which all channels would go.</summary>
    private const int Steps = 12;

    /// <summary>Channels of the largest layer that elimination is used for: an inverse of more takes minutes.</summary>
    private const int LargestEliminated = 4096;

    /// <param name="hessian">[n, n]: XᵀX of the channels.</param>
    /// <param name="down">[outputs, n]</param>
    /// <param name="least">Channels that every level keeps; they come first, in the order of their numbers.</param>
    public static int[] Find(float[] hessian, float[] down, int n, int least)
    {
        var left = Enumerable.Range(0, n).ToArray();
        if (least >= n)
        {
            return left;
        }
        var weights = Array.ConvertAll(down, value => (double)value);
        if (n > LargestEliminated || Inverse(hessian, n) is not { } inverse)
        {
            // Each for itself: a diagonal matrix has one over its diagonal as inverse.
            var costs = Costs(weights, n, channel => hessian[(channel * n) + channel]);
            return [.. left.OrderByDescending(channel => costs[channel]).ThenBy(channel => channel)];
        }
        var gone = new List<int>();
        while (left.Length > least)
        {
            var costs = Costs(weights, left.Length, i => 1 / inverse[(i * left.Length) + i]);
            var places = Enumerable.Range(0, left.Length).OrderBy(i => costs[i]).ThenBy(i => i).ToArray();
            var step = Math.Min(Math.Max(1, n / Steps), left.Length - least);
            gone.AddRange(places.Take(step).Select(i => left[i]));
            var (off, on) = (places[..step], places[step..].Order().ToArray());
            Eliminate(ref inverse, ref weights, off, on);
            left = [.. on.Select(i => left[i])];
        }
        return [.. left, .. gone.AsEnumerable().Reverse()];
    }

    /// <summary>‖Wᶜ‖² times what a channel weighs, for each of n channels.</summary>
    private static double[] Costs(double[] weights, int n, Func<int, double> weight)
    {
        var costs = new double[n];
        for (var start = 0; start < weights.Length; start += n)
        {
            for (var i = 0; i < n; i++)
            {
                costs[i] += weights[start + i] * weights[start + i];
            }
        }
        for (var i = 0; i < n; i++)
        {
            costs[i] *= weight(i);
        }
        return costs;
    }

    /// <summary>(H + Λ)⁻¹, held as firmly as the corrected projection will be; null where there is none.</summary>
    private static double[]? Inverse(float[] hessian, int n)
    {
        var factor = CorrectedDown.Held(hessian, n, n);
        if (!SymmetricSystem.TryFactor(factor))
        {
            return null;
        }
        var inverse = new double[n * n];
        for (var i = 0; i < n; i++)
        {
            inverse[(i * n) + i] = 1;
        }
        SymmetricSystem.Solve(factor, inverse);
        return inverse;
    }

    /// <summary>Takes channels out of H⁻¹ [n, n] and lets those that stay make up for them in W [outputs, n].</summary>
    private static void Eliminate(ref double[] inverse, ref double[] weights, int[] off, int[] on)
    {
        var n = off.Length + on.Length;
        var (block, shares) = (new LowerTriangle(off.Length), Gather(inverse, n, on, off));
        for (var i = 0; i < off.Length; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                block.Row(i)[j] = inverse[(off[i] * n) + off[j]];
            }
        }
        if (!SymmetricSystem.TryFactor(block))
        {
            throw new ModelToolsException(ModelToolsFault.CalibrationFailed,
                "The activations of the calibration text are not finite numbers; the weights may be damaged.");
        }
        // [on, off]: what each channel that stays takes over of each that goes.
        SymmetricSystem.Solve(block, shares);
        int[] outputs = [.. Enumerable.Range(0, weights.Length / n)];
        inverse = Take(inverse, n, on, off, on, shares);
        weights = Take(weights, n, outputs, off, on, shares);
    }

    /// <summary>M[rows, on] − M[rows, off]·sharesᵀ</summary>
    private static double[] Take(double[] matrix, int n, int[] rows, int[] off, int[] on, double[] shares)
    {
        var (kept, lost) = (Gather(matrix, n, rows, on), Gather(matrix, n, rows, off));
        Parallel.For(0, rows.Length, row =>
        {
            var taken = lost.AsSpan(row * off.Length, off.Length);
            var target = kept.AsSpan(row * on.Length, on.Length);
            for (var i = 0; i < target.Length; i++)
            {
                target[i] -= TensorPrimitives.Dot<double>(taken, shares.AsSpan(i * off.Length, off.Length));
            }
        });
        return kept;
    }

    private static double[] Gather(double[] matrix, int n, int[] rows, int[] columns)
    {
        var part = new double[rows.Length * columns.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var j = 0; j < columns.Length; j++)
            {
                part[(i * columns.Length) + j] = matrix[(rows[i] * n) + columns[j]];
            }
        }
        return part;
    }
}
