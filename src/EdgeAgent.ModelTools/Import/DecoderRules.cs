using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import;

/// <summary>What a source calls the fields that rules speak of.</summary>
/// <param name="Turned">What decides how many numbers of a head rotary positions turn.</param>
internal sealed record DecoderNames(string Heads, string KvHeads, string HeadDimensions, string Turned);

/// <summary>How the sizes of a decoder must fit together, whatever source they were read from.</summary>
/// <remarks>
/// A reader bounds each number as it reads it, by the limits of a manifest, because what it allocates next depends on
/// that. What GroupQueryAttention wants of all of them is judged here, on the finished configuration.
/// </remarks>
internal static class DecoderRules
{
    private const int HeadStep = 8;
    private const int TurnedStep = 16;

    /// <summary>Bounds the head's size before tables are made for it: where the source leaves it out, it is what the
    /// hidden states make it.</summary>
    /// <exception cref="ModelToolsException">It is too large.</exception>
    public static void CheckHead(int dimensions, string name, Func<string, string, ModelToolsException> invalid)
    {
        if (dimensions > ManifestLimits.HeadDimensions)
        {
            throw invalid(name, $"is {dimensions}; the limit is {ManifestLimits.HeadDimensions}");
        }
    }

    /// <summary>The configuration, which keeps every rule.</summary>
    /// <param name="invalid">The source's error, of a field and what is wrong with it.</param>
    /// <exception cref="ModelToolsException">The first broken rule.</exception>
    public static DecoderConfig Checked(
        DecoderConfig config, DecoderNames names, Func<string, string, ModelToolsException> invalid)
    {
        if (config.Heads % config.KvHeads != 0)
        {
            throw invalid(names.KvHeads, $"is {config.KvHeads}; it must divide {names.Heads}, {config.Heads}");
        }
        if (config.HeadDimensions % HeadStep != 0)
        {
            throw invalid(names.HeadDimensions,
                $"is {config.HeadDimensions}; attention runs with multiples of {HeadStep}");
        }
        foreach (var table in config.Rotary)
        {
            if (table.Dimensions == 0 || table.Dimensions % TurnedStep != 0)
            {
                throw invalid(names.Turned, $"has rotary positions turn {table.Dimensions} of the "
                    + $"{config.HeadDimensions} numbers of a head; attention runs with multiples of {TurnedStep}");
            }
        }
        return config;
    }
}
