using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Which FFN channels of a layer matter, and what is lost when the last ones go.</summary>
internal static class ChannelDamage
{
    private const double Damping = 0.001;

    /// <summary>
    /// Share that is taken off what channels have in common; <see cref="CorrectedDown"/> can use no more of it.
    /// </summary>
    private const double Shrinkage = 0.5;

    /// <summary>The channels from the most to the least important: activation times what the down projection makes of
    /// it.</summary>
    /// <param name="hessian">[n, n]: XᵀX of the channels.</param>
    /// <param name="down">[outputs, n]</param>
    public static int[] Order(float[] hessian, float[] down, int n)
    {
        var importances = new double[n];
        for (var start = 0; start < down.Length; start += n)
        {
            for (var channel = 0; channel < n; channel++)
            {
                importances[channel] += (double)down[start + channel] * down[start + channel];
            }
        }
        for (var channel = 0; channel < n; channel++)
        {
            importances[channel] *= hessian[(channel * n) + channel];
        }
        var order = Enumerable.Range(0, n).ToArray();
        // The channel's number decides between equals, so that the order is the same everywhere.
        Array.Sort(order, (a, b) =>
            importances[b] != importances[a] ? importances[b].CompareTo(importances[a]) : a.CompareTo(b));
        return order;
    }

    /// <summary>
    /// Squared error of the layer's output when only the first channels of an order are left and the down projection
    /// makes up for the others as well as it can: one figure for each number of channels, 0 … n.
    /// </summary>
    /// <remarks>
    /// With H = L·Lᵀ in that order, the error of keeping w channels is the squared norm of the columns w … n−1 of
    /// down·L: the trailing part of L is the factor of the Schur complement, which is what least squares leaves.
    /// </remarks>
    public static double[] Curve(float[] hessian, float[] down, int[] order)
    {
        var n = order.Length;
        var factor = new double[n * n];
        double trace = 0;
        for (var i = 0; i < n; i++)
        {
            trace += hessian[(i * n) + i];
        }
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                factor[(i * n) + j] = (1 - Shrinkage) * hessian[(order[i] * n) + order[j]];
            }
            factor[(i * n) + i] = hessian[(order[i] * n) + order[i]] + Math.Max(Damping * trace / n, double.Epsilon);
        }
        if (!SymmetricSystem.TryFactor(factor, n))
        {
            throw new ModelToolsException(ModelToolsFault.CalibrationFailed,
                "The activations of the calibration text are not finite numbers; the weights may be damaged.");
        }
        var columns = new double[n];
        Parallel.For(0, n, j => columns[j] = ColumnEnergy(factor, down, order, j));
        var curve = new double[n + 1];
        for (var width = n - 1; width >= 0; width--)
        {
            curve[width] = curve[width + 1] + columns[width];
        }
        return curve;
    }

    /// <summary>Squared norm of column j of down·L.</summary>
    private static double ColumnEnergy(double[] factor, float[] down, int[] order, int j)
    {
        var n = order.Length;
        // Column j of L, at the places that the channels have in the down projection.
        var column = new float[n];
        for (var i = j; i < n; i++)
        {
            column[order[i]] = (float)factor[(i * n) + j];
        }
        double energy = 0;
        for (var start = 0; start < down.Length; start += n)
        {
            double value = TensorPrimitives.Dot<float>(down.AsSpan(start, n), column);
            energy += value * value;
        }
        return energy;
    }
}
