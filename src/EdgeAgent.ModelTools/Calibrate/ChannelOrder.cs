using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>The order of a layer's FFN channels, those that are missed least at the end.</summary>
/// <param name="Channels">The numbers of the channels in their order.</param>
/// <param name="Missed">[n + 1], by how many of the first channels are left: squared error of the layer's output, after
/// they have made up for the others. Not known below what every level keeps, and zero there.</param>
/// <remarks>
/// What is missed is counted after the others have made up for it (Hassibi and Stork 1993, Optimal Brain Surgeon):
/// channel c costs ‖Wᶜ‖² / (H⁻¹)ᶜᶜ. Channels go in steps, and after each the rest of W and H⁻¹ is what elimination
/// leaves.
/// </remarks>
internal sealed record ChannelOrder(int[] Channels, double[] Missed)
{
    /// <summary>Steps in which all channels would go.</summary>
    private const int Steps = 12;

    /// <summary>Channels of the largest layer that elimination is used for: an inverse of more takes minutes.</summary>
    public const int LargestEliminated = 4096;

    /// <param name="hessian">[n, n]: XᵀX of the channels.</param>
    /// <param name="down">[outputs, n]</param>
    /// <param name="least">Channels that every level keeps; they come first, in the order of their numbers.</param>
    public static ChannelOrder Find(float[] hessian, float[] down, int n, int least)
    {
        var left = Enumerable.Range(0, n).ToArray();
        var missed = new double[n + 1];
        if (least >= n)
        {
            return new ChannelOrder(left, missed);
        }
        var weights = Array.ConvertAll(down, value => (double)value);
        if (n > LargestEliminated || Inverse(hessian, n) is not { } inverse)
        {
            // Each for itself: a diagonal matrix has one over its diagonal as inverse.
            var costs = Costs(weights, n, channel => hessian[(channel * n) + channel]);
            int[] order = [.. left.OrderByDescending(channel => costs[channel]).ThenBy(channel => channel)];
            for (var width = n - 1; width >= least; width--)
            {
                missed[width] = missed[width + 1] + costs[order[width]];
            }
            return new ChannelOrder(order, missed);
        }
        var gone = new List<int>();
        while (left.Length > least)
        {
            var costs = Costs(weights, left.Length, i => 1 / inverse[(i * left.Length) + i]);
            var places = Enumerable.Range(0, left.Length).OrderBy(i => costs[i]).ThenBy(i => i).ToArray();
            var step = Math.Min(Math.Max(1, n / Steps), left.Length - least);
            gone.AddRange(places.Take(step).Select(i => left[i]));
            var (off, on) = (places[..step], places[step..].Order().ToArray());
            var error = Eliminate(ref inverse, ref weights, off, on);
            for (var i = 1; i <= step; i++)
            {
                missed[left.Length - i] = missed[left.Length] + (error * i / step);
            }
            left = [.. on.Select(i => left[i])];
        }
        return new ChannelOrder([.. left, .. gone.AsEnumerable().Reverse()], missed);
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
    /// <returns>The squared error that this adds: tr(W₂·((H⁻¹)₂₂)⁻¹·W₂ᵀ).</returns>
    private static double Eliminate(ref double[] inverse, ref double[] weights, int[] off, int[] on)
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
        var lost = Gather(weights, n, outputs, off);
        var solved = (double[])lost.Clone();
        SymmetricSystem.Solve(block, solved);
        inverse = Take(inverse, n, on, off, on, shares);
        weights = Take(weights, n, outputs, off, on, shares);
        return TensorPrimitives.Dot<double>(lost, solved);
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
