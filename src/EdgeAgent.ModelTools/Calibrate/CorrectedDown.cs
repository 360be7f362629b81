using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>The down projection that makes up best for FFN channels that are gone.</summary>
internal static class CorrectedDown
{
    /// <summary>How firmly each column is held where it was, as a multiple of what its channel weighs.</summary>
    /// <remarks>Measured on SmolLM2-135M between 0.05 and 1, where it matters little: docs/PERFORMANCE.md.</remarks>
    private const double Firmness = 0.3;

    /// <summary>Keeps the system solvable where a channel is always zero, as a share of the mean.</summary>
    private const double Damping = 0.001;

    /// <summary>
    /// What the first channels have to give so that the output of all is missed least: W = W₁ + W₂·H₂₁·(H₁₁ + Λ)⁻¹, Λ
    /// being a multiple of the diagonal of H₁₁. It minimises the squared error and pulls towards W₁.
    /// </summary>
    /// <param name="hessian">[n, n]: XᵀX of all channels.</param>
    /// <param name="down">[outputs, n]: the whole projection.</param>
    /// <param name="width">Channels that are left, the first ones.</param>
    /// <returns>[outputs, width]</returns>
    public static float[] Solve(float[] hessian, float[] down, int n, int width)
    {
        var factor = Held(hessian, n, width);
        var change = new double[down.Length / n * width];
        if (SymmetricSystem.TryFactor(factor))
        {
            Parallel.For(0, down.Length / n, row =>
                Missing(hessian, down.AsSpan(row * n, n), change.AsSpan(row * width, width)));
            SymmetricSystem.Solve(factor, change);
        }
        var corrected = new float[change.Length];
        for (var i = 0; i < corrected.Length; i++)
        {
            corrected[i] = (float)(down[(i / width * n) + (i % width)] + change[i]);
        }
        return corrected;
    }

    /// <summary>H₁₁ + Λ.</summary>
    public static LowerTriangle Held(float[] hessian, int n, int width)
    {
        var held = new LowerTriangle(width);
        double trace = 0;
        for (var i = 0; i < width; i++)
        {
            trace += hessian[(i * n) + i];
        }
        var least = trace > 0 ? Damping * trace / width : 1;
        for (var i = 0; i < width; i++)
        {
            var row = held.Row(i);
            for (var j = 0; j <= i; j++)
            {
                row[j] = hessian[(i * n) + j];
            }
            row[i] += (Firmness * hessian[(i * n) + i]) + least;
        }
        return held;
    }

    /// <summary>One row of W₂·H₂₁.</summary>
    private static void Missing(float[] hessian, ReadOnlySpan<float> row, Span<double> missing)
    {
        var (n, width) = (row.Length, missing.Length);
        var sum = new float[width];
        for (var gone = width; gone < n; gone++)
        {
            TensorPrimitives.MultiplyAdd(hessian.AsSpan(gone * n, width), row[gone], sum, sum);
        }
        TensorPrimitives.ConvertTruncating<float, double>(sum, missing);
    }
}
