using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>The weighted squared error of rounding one block.</summary>
internal static class BlockLoss
{
    /// <summary>Σ h·(w − scale·(level − zero))².</summary>
    public static float Of(
        ReadOnlySpan<float> weights, ReadOnlySpan<float> importances, float scale, int zero, int highestLevel)
    {
        var inverse = new Vector<float>(1 / scale);
        var step = new Vector<float>(scale);
        var (low, high) = (new Vector<float>(-zero), new Vector<float>(highestLevel - zero));
        var sum = Vector<float>.Zero;
        var w = MemoryMarshal.Cast<float, Vector<float>>(weights);
        var h = MemoryMarshal.Cast<float, Vector<float>>(importances);
        for (var i = 0; i < w.Length; i++)
        {
            var level = Vector.Min(Vector.Max(Vector.Round(w[i] * inverse), low), high);
            var error = w[i] - (level * step);
            sum += h[i] * error * error;
        }
        // Blocks are multiples of 32, so that vectors of every processor divide them.
        return Vector.Sum(sum);
    }
}
