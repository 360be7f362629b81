using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import;

/// <summary>Ways to stretch rotary positions over a longer context, as divisors of each frequency.</summary>
/// <remarks>Formulas after huggingface/transformers, modeling_rope_utils.py.</remarks>
internal static class RotaryScaling
{
    /// <summary>Every position counts for less by the same factor.</summary>
    public static RotaryTable Linear(RotaryTable table, double factor) =>
        table with { FrequencyDivisors = Divisors(table, (_, _) => factor) };

    /// <summary>Llama 3.1: slow frequencies are divided, fast ones kept, those between blended.</summary>
    public static RotaryTable Llama3(
        RotaryTable table, double factor, double low, double high, int original) =>
        table with
        {
            FrequencyDivisors = Divisors(table, (frequency, _) =>
            {
                var turns = original * frequency / (2 * Math.PI);
                return turns < low ? factor
                    : turns > high ? 1
                    : 1 / Blend(factor, (turns - low) / (high - low));
            }),
        };

    /// <summary>YaRN (Peng et al. 2023): a ramp over the pairs between two numbers of turns.</summary>
    public static RotaryTable Yarn(
        RotaryTable table, double factor, int original, double fast, double slow, double? amplitude)
    {
        var pairs = table.Dimensions / 2;
        double Pair(double turns) => pairs * Math.Log(original / (turns * 2 * Math.PI)) / Math.Log(table.Base);
        var first = Math.Max(Math.Floor(Pair(fast)), 0);
        var last = Math.Min(Math.Ceiling(Pair(slow)), table.Dimensions - 1);
        var width = last == first ? 0.001 : last - first;
        return table with
        {
            FrequencyDivisors = Divisors(table, (_, i) =>
                1 / Blend(factor, 1 - Math.Clamp((i - first) / width, 0, 1))),
            Amplitude = amplitude ?? (0.1 * Math.Log(factor)) + 1,
        };
    }

    /// <summary>LongRoPE's factor on cos and sin for a context that is so many times the original one.</summary>
    public static double LongRopeAmplitude(double factor, int original) =>
        factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original)));

    /// <summary>What is left of a frequency of which the share <paramref name="kept"/> is not divided.</summary>
    private static double Blend(double factor, double kept) => ((1 - kept) / factor) + kept;

    private static double[] Divisors(RotaryTable table, Func<double, int, double> divisor) =>
        Enumerable.Range(0, table.Dimensions / 2)
            .Select(i => divisor(Math.Pow(table.Base, -2.0 * i / table.Dimensions), i)).ToArray();
}
