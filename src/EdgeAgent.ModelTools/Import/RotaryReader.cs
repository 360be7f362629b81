using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import;

/// <summary>One kind of rotary settings of a model.</summary>
/// <param name="Suffix">What the names of its tables end in.</param>
/// <param name="Layers">The kind of layer that newer folders list it under.</param>
/// <param name="OlderField">Where older folders have its base; null: `rope_theta`.</param>
internal sealed record RopeKind(string Suffix, string Layers, string? OlderField);

/// <summary>Reads the rotary settings of config.json in their newer and older forms.</summary>
internal sealed class RotaryReader(ConfigReader config, int headDimensions, int context)
{
    /// <summary>Of local layers whose base is not said (transformers, configuration_gemma3.py).</summary>
    private const double LocalBase = 10_000;

    /// <exception cref="ModelToolsException">A value is out of bounds, or the scaling is not known.</exception>
    public RotaryTable[] Tables(IEnumerable<RopeKind> kinds, double otherwise) =>
        kinds.Select(kind => Table(kind, otherwise)).ToArray();

    private RotaryTable Table(RopeKind kind, double otherwise)
    {
        var newer = config.Child("rope_parameters");
        newer = newer?.Child(kind.Layers) ?? newer;
        // An older local table is never scaled: rope_scaling is of the global one.
        var scaling = newer ?? (kind.OlderField is null ? config.Child("rope_scaling") : null);
        var absent = kind.OlderField is null ? otherwise : LocalBase;
        var rotary = newer is null
            ? Base(config, kind.OlderField ?? "rope_theta", absent) : Base(newer, "rope_theta", absent);
        var share = (newer is not null && newer.Has("partial_rotary_factor") ? newer : config)
            .Real("partial_rotary_factor", 1e-3, 1, 1);
        var table = new RotaryTable
        {
            CosInput = $"cos_cache{kind.Suffix}",
            SinInput = $"sin_cache{kind.Suffix}",
            Dimensions = (int)(headDimensions * share),
            Base = rotary,
        };
        return scaling is null ? table : Scaled(table, scaling);
    }

    private RotaryTable Scaled(RotaryTable table, ConfigReader scaling)
    {
        var field = scaling.Has("rope_type") || !scaling.Has("type") ? "rope_type" : "type";
        switch (scaling.OptionalText(field) ?? "default")
        {
            case "default":
                return table;
            case "linear":
                return RotaryScaling.Linear(table, scaling.Real("factor", 1, 1024));
            case "llama3":
                return Llama3(table, scaling);
            case "yarn":
                return RotaryScaling.Yarn(table, scaling.Real("factor", 1, 1024), Original(scaling) ?? context,
                    scaling.Real("beta_fast", 0.01, 1024, 32), scaling.Real("beta_slow", 0.01, 1024, 1),
                    Amplitude(scaling));
            case "longrope" or "su":
                return LongRope(table, scaling);
            case var other:
                throw scaling.Invalid(field, $"'{ConfigReader.Shorten(other)}' is not built yet; known are default, "
                    + "linear, llama3, longrope, yarn");
        }
    }

    private RotaryTable Llama3(RotaryTable table, ConfigReader scaling)
    {
        var (low, high) = (scaling.Real("low_freq_factor", 0.01, 1024), scaling.Real("high_freq_factor", 0.01, 1024));
        return low < high
            ? RotaryScaling.Llama3(table, scaling.Real("factor", 1, 1024), low, high,
                Original(scaling) ?? throw scaling.Invalid("original_max_position_embeddings", "is missing"))
            : throw scaling.Invalid("high_freq_factor", FormattableString.Invariant(
                $"is {high}; it must be larger than low_freq_factor, {low}"));
    }

    private RotaryTable LongRope(RotaryTable table, ConfigReader scaling)
    {
        var original = Original(scaling) ?? context;
        return table with
        {
            FrequencyDivisors = Divisors(scaling, "short_factor", table),
            LongFrequencyDivisors = Divisors(scaling, "long_factor", table),
            LongBeyond = original,
            Amplitude = Amplitude(scaling)
                ?? RotaryScaling.LongRopeAmplitude((double)context / original, original),
        };
    }

    private static double[] Divisors(ConfigReader scaling, string field, RotaryTable table) =>
        scaling.Items(field, table.Dimensions / 2, table.Dimensions / 2)
            .Select(item => item.Real(RotaryTable.LeastDivisor, RotaryTable.LargestDivisor)).ToArray();

    private static double Base(ConfigReader config, string field, double absent) =>
        config.Real(field, RotaryTable.LeastBase, RotaryTable.LargestBase, absent);

    private static double? Amplitude(ConfigReader scaling) => scaling.OptionalReal(
        "attention_factor", RotaryTable.LeastAmplitude, RotaryTable.LargestAmplitude);

    /// <summary>The context before scaling; Phi has it beside the settings, not among them.</summary>
    private int? Original(ConfigReader scaling)
    {
        const string Field = "original_max_position_embeddings";
        return scaling.Has(Field) ? scaling.Whole(Field, 2, ManifestLimits.Context)
            : config.Has(Field) ? config.Whole(Field, 2, ManifestLimits.Context) : null;
    }
}
