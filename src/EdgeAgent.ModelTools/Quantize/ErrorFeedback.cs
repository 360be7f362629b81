using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>What the rounding error of each column adds to the columns after it, from a Hessian.</summary>
/// <remarks>
/// With H = M·Mᵀ, M upper triangular, the error of a row Δ is ‖Δ·M‖² = Σₖ Mₖₖ²·(Δₖ + Σᵢ﹤ₖ Δᵢ·Uᵢₖ)², U = M with its
/// columns divided by its diagonal. So column k is rounded after Σᵢ﹤ₖ Δᵢ·Uᵢₖ was added to it: the error feedback of
/// GPTQ (Frantar et al. 2022) without an inverse, as Chee et al. 2023 (QuIP, section 3) show the two to be the same.
/// </remarks>
internal sealed class ErrorFeedback
{
    /// <summary>Share of the mean diagonal that is added to the diagonal, as in GPTQ.</summary>
    private const double Damping = 0.01;

    /// <summary>
    /// Share that is taken off what columns have in common: the calibration text is short, and part of what its
    /// activations have in common is chance.
    /// </summary>
    /// <remarks>Measured on SmolLM2-135M with text that it was not calibrated on: docs/PERFORMANCE.md.</remarks>
    private const float Shrinkage = 0.25f;

    private const int MaximumAttempts = 8;

    /// <summary>Columns of a panel: four vectors of eight.</summary>
    public const int Panel = 32;

    /// <summary>Panel after panel; null: no error is handed on.</summary>
    private readonly float[]? _shares;

    private ErrorFeedback(float[] importances, float[]? shares) => (Importances, _shares) = (importances, shares);

    public int Columns => Importances.Length;

    /// <summary>[n]: what a squared error of a column costs once the columns before it are known, Mₖₖ².</summary>
    public float[] Importances { get; }

    public bool HandsOn => _shares is not null;

    /// <summary>[c + 32, 32]: U in the 32 columns from c on, a multiple of 32, down to their own rows; what lies below
    /// is zero and has no room. Zero on and below the diagonal.</summary>
    public ReadOnlySpan<float> PanelAt(int column) =>
        _shares.AsSpan(PanelStart(column), (column + Panel) * Panel);

    /// <param name="hessian">[n, n]: XᵀX of the inputs; symmetric.</param>
    public static ErrorFeedback Of(ReadOnlySpan<float> hessian, int n)
    {
        double trace = 0;
        for (var i = 0; i < n; i++)
        {
            trace += hessian[(i * n) + i];
        }
        SpentMemory.GiveBack();
        var damping = trace > 0 ? Damping * trace / n : 1;
        var factor = new LowerTriangle(n);
        for (var attempt = 0; attempt < MaximumAttempts; attempt++, damping *= 10)
        {
            Reverse(hessian, n, damping, factor);
            if (SymmetricSystem.TryFactor(factor))
            {
                return Of(factor);
            }
        }
        throw new ModelToolsException(ModelToolsFault.CalibrationFailed,
            "The activations of the calibration text are not finite numbers; the weights may be damaged. "
            + "Use --quant rtn.");
    }

    /// <summary>No error is handed on: each column costs what its own inputs make of it.</summary>
    /// <param name="hessian">[n, n]: XᵀX of the inputs.</param>
    public static ErrorFeedback None(ReadOnlySpan<float> hessian, int n)
    {
        var importances = new float[n];
        for (var i = 0; i < n; i++)
        {
            importances[i] = hessian[(i * n) + i];
        }
        var trace = TensorPrimitives.Sum<float>(importances);
        // A channel that is always zero would let its weights become anything.
        TensorPrimitives.Add(importances, trace > 0 ? (float)Damping * trace / n : 1, importances);
        return new ErrorFeedback(importances, shares: null);
    }

    /// <summary>Rows and columns from last to first, so that the lower factor becomes the upper one.</summary>
    private static void Reverse(ReadOnlySpan<float> hessian, int n, double damping, LowerTriangle reversed)
    {
        for (var i = 0; i < n; i++)
        {
            var row = hessian.Slice((n - 1 - i) * n, n);
            var target = reversed.Row(i);
            for (var j = 0; j < i; j++)
            {
                target[j] = (1 - Shrinkage) * row[n - 1 - j];
            }
            // A channel that is always zero would make the matrix singular.
            target[i] = row[n - 1 - i] + damping;
        }
    }

    /// <summary>Turns the factor round again: its row k is row n − 1 − k of M, and column likewise.</summary>
    private static ErrorFeedback Of(LowerTriangle factor)
    {
        var n = factor.Size;
        var (diagonal, importances) = (new double[n], new float[n]);
        for (var i = 0; i < n; i++)
        {
            diagonal[i] = factor[i, i];
            importances[n - 1 - i] = (float)(diagonal[i] * diagonal[i]);
        }
        var shares = new float[PanelStart(n)];
        Parallel.For(0, n, k =>
        {
            var values = factor.Row(k);
            var row = n - 1 - k;
            for (var i = 0; i < k; i++)
            {
                var (panel, place) = Math.DivRem(n - 1 - i, Panel);
                shares[PanelStart(panel * Panel) + (row * Panel) + place] = (float)(values[i] / diagonal[i]);
            }
        });
        return new ErrorFeedback(importances, shares);
    }

    private static int PanelStart(int column) => checked((int)((long)column * (column + Panel) / 2));
}
