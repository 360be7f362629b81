namespace EdgeAgent.ModelTools.Import;

/// <summary>What config.json of a family leaves unsaid: what its models have, and what an absent field means.</summary>
/// <remarks>Defaults after the configuration classes of huggingface/transformers.</remarks>
internal sealed record DecoderFamily(string Name, WindowUse Window)
{
    public bool TiedByDefault { get; init; }

    /// <summary>Q, K and V have biases whatever config.json says.</summary>
    public bool AlwaysQkvBias { get; init; }

    public bool QueryKeyNorm { get; init; }

    public bool FusedProjections { get; init; }

    /// <summary>Gemma's norms and scales: norms on both sides, gains stored less one, scaled embeddings.</summary>
    public bool Gemma { get; init; }

    /// <summary>Some layers do without rotary positions: `no_rope_layers`.</summary>
    public bool LayersWithoutRotary { get; init; }

    public double RotaryBase { get; init; } = 10_000;

    /// <summary>Values where config.json has none; null: it must have one.</summary>
    public int? Heads { get; init; }

    public int? KvHeads { get; init; }

    public int? HeadDimensions { get; init; }

    public int? Context { get; init; }

    public int? Vocabulary { get; init; }

    /// <summary>Every family that can be imported, in the order that messages list them.</summary>
    public static IReadOnlyList<DecoderFamily> Known { get; } =
    [
        new("llama", WindowUse.None),
        new("mistral", WindowUse.EveryLayer) { KvHeads = 8 },
        new("qwen2", WindowUse.WhereAllowed) { AlwaysQkvBias = true },
        new("qwen3", WindowUse.WhereAllowed) { QueryKeyNorm = true, HeadDimensions = 128 },
        new("phi3", WindowUse.EveryLayer) { FusedProjections = true },
        new("gemma3_text", WindowUse.FiveOfSix)
        {
            TiedByDefault = true,
            QueryKeyNorm = true,
            Gemma = true,
            RotaryBase = 1_000_000,
            Heads = 8,
            KvHeads = 4,
            HeadDimensions = 256,
            Context = 131_072,
            Vocabulary = 262_208,
        },
        new("smollm3", WindowUse.WhereAllowed)
            { TiedByDefault = true, LayersWithoutRotary = true, RotaryBase = 2_000_000 },
    ];
}

/// <summary>Which layers of a family use `sliding_window` where config.json has no `layer_types`.</summary>
internal enum WindowUse
{
    None,
    EveryLayer,

    /// <summary>From layer `max_window_layers` on, where `use_sliding_window` is set.</summary>
    WhereAllowed,

    /// <summary>All but every sixth (`sliding_window_pattern`); these have rotary tables of their own.</summary>
    FiveOfSix,
}
