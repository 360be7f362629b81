using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import;

/// <summary>Turns the config.json of a Hugging Face folder into what the decoder is made of.</summary>
/// <remarks>
/// Newer folders nest rotary settings under `rope_parameters`, by kind of layer where there are several; older ones
/// have `rope_theta`, `rope_scaling` and `rope_local_base_freq`. Both are read.
/// </remarks>
internal sealed class DecoderConfigReader(ConfigReader config, DecoderFamily family)
{
    private const string StopTokens = "eos_token_id";
    private const string Sliding = "sliding_attention";
    private const string Full = "full_attention";

    private static readonly DecoderNames s_names =
        new("num_attention_heads", "num_key_value_heads", "head_dim", Turned: "head_dim");

    /// <param name="root">All of config.json.</param>
    /// <param name="generation">All of generation_config.json, or null.</param>
    /// <exception cref="ModelToolsException">A value is missing or out of bounds, or the family unknown.</exception>
    public static DecoderConfig Read(ConfigReader root, ConfigReader? generation)
    {
        var name = root.Text("model_type");
        // A model with eyes keeps its language half under text_config; gemma3 is the one that we can do without them.
        var config = name == "gemma3" ? root.Child("text_config") ?? root : root;
        var family = DecoderFamily.Known.FirstOrDefault(f => f.Name == (name == "gemma3" ? "gemma3_text" : name))
            ?? throw new ModelToolsException(ModelToolsFault.ArchitectureUnknown,
                $"config.json: model_type '{ConfigReader.Shorten(name)}' is not known. Known: "
                + $"{string.Join(", ", DecoderFamily.Known.Select(known => known.Name))}.");
        var stops = generation?.Has(StopTokens) == true ? generation : root.Has(StopTokens) ? root : config;
        return DecoderRules.Checked(new DecoderConfigReader(config, family).Read(stops), s_names, config.Invalid);
    }

    private DecoderConfig Read(ConfigReader stops)
    {
        RefuseWhatIsNotBuilt();
        var heads = config.Whole("num_attention_heads", 1, ManifestLimits.Heads, family.Heads);
        var hidden = config.Whole("hidden_size", 1, ManifestLimits.Channels);
        var head = config.Whole(
            "head_dim", 2, ManifestLimits.HeadDimensions, family.HeadDimensions ?? hidden / heads);
        DecoderRules.CheckHead(head, s_names.HeadDimensions, config.Invalid);
        var context = config.Whole("max_position_embeddings", 1, ManifestLimits.Context, family.Context);
        var vocabulary = config.Whole("vocab_size", 2, ManifestLimits.Vocabulary, family.Vocabulary);
        var attention = Attention(context);
        var bias = config.Flag("attention_bias");
        return new DecoderConfig
        {
            Family = family.Name,
            HiddenSize = hidden,
            IntermediateSize = config.Whole("intermediate_size", 1, ManifestLimits.Channels),
            Heads = heads,
            KvHeads = config.Whole("num_key_value_heads", 1, heads, Math.Min(heads, family.KvHeads ?? heads)),
            HeadDimensions = head,
            VocabularySize = vocabulary,
            Context = context,
            NormEpsilon = (float)config.Real("rms_norm_eps", 1e-12, 1e-2, 1e-6),
            TiedEmbedding = config.Flag("tie_word_embeddings", family.TiedByDefault),
            StopTokens = stops.WholeOrMany(StopTokens, ManifestLimits.StopTokens, 0, vocabulary - 1),
            Rotary = new RotaryReader(config, head, context).Tables(RopesInUse(attention), family.RotaryBase),
            Attention = attention,
            QueryKeyNorm = family.QueryKeyNorm,
            QkvBias = bias || family.AlwaysQkvBias,
            OutputBias = bias,
            FusedProjections = family.FusedProjections,
            NormsAfter = family.Gemma,
            NormGainOffset = family.Gemma ? 1 : 0,
            EmbeddingScale = family.Gemma ? MathF.Sqrt(hidden) : 1,
            AttentionScale = family.Gemma ? 1 / MathF.Sqrt(config.Whole("query_pre_attn_scalar", 1, 65_536, 256)) : 0,
            Activation = Activation(),
        };
    }

    private void RefuseWhatIsNotBuilt()
    {
        config.MustBeAbsentOrFalse("mlp_bias", "biases of the FFN are not built yet");
        config.MustBeAbsentOrFalse("use_bidirectional_attention", "only causal attention is built");
        config.MustBeAbsent("attn_logit_softcapping", "soft-capping is not built yet");
        config.MustBeAbsent("final_logit_softcapping", "soft-capping is not built yet");
        config.MustBeAbsent("quantization_config",
            "the weights are quantized already: import the folder in 16 or 32 bits, or a GGUF file");
    }

    private Activation Activation()
    {
        var field = config.Has("hidden_activation") ? "hidden_activation" : "hidden_act";
        return config.OptionalText(field) switch
        {
            null => family.Gemma ? Import.Activation.GeluTanh : Import.Activation.Silu,
            "silu" or "swish" => Import.Activation.Silu,
            "gelu_pytorch_tanh" => Import.Activation.GeluTanh,
            var other => throw config.Invalid(field,
                $"'{ConfigReader.Shorten(other)}' is not built yet; known are silu, gelu_pytorch_tanh"),
        };
    }

    /// <summary>Each layer's window, and which rotary table turns it: 0, 1 (the second kind of layer), none.</summary>
    private LayerAttention[] Attention(int context)
    {
        var layers = config.Whole("num_hidden_layers", 1, ManifestLimits.Layers);
        var slides = Slides(layers);
        var window = slides.Contains(true) ? config.Whole("sliding_window", 1, int.MaxValue, Window()) : 0;
        var turned = Turned(layers);
        // Sliding layers of Gemma have a table of their own; it is the second, or the only one.
        var second = family.Window == WindowUse.FiveOfSix && slides.Contains(false) ? 1 : 0;
        return slides.Select((slide, i) => new LayerAttention(
            turned[i] ? slide ? second : 0 : null,
            slide && window < context ? window : 0)).ToArray();
    }

    private int? Window() => family.Window == WindowUse.FiveOfSix ? 4096 : null;

    private bool[] Slides(int layers)
    {
        if (config.Has("layer_types"))
        {
            return config.Items("layer_types", layers, layers).Select((item, i) => item.Text() switch
            {
                Sliding => true,
                Full => false,
                _ => throw item.Invalid("", $"is none of {Sliding}, {Full}"),
            }).ToArray();
        }
        var from = family.Window switch
        {
            WindowUse.EveryLayer when config.Has("sliding_window") => 0,
            WindowUse.WhereAllowed when config.Flag("use_sliding_window") && config.Has("sliding_window") =>
                config.Whole("max_window_layers", 0, int.MaxValue, 0),
            _ => layers,
        };
        var pattern = family.Window == WindowUse.FiveOfSix
            ? config.Whole(config.Has("_sliding_window_pattern") ? "_sliding_window_pattern" : "sliding_window_pattern",
                1, ManifestLimits.Layers, 6)
            : 0;
        return Enumerable.Range(0, layers).Select(i => pattern == 0 ? i >= from : (i + 1) % pattern != 0).ToArray();
    }

    private bool[] Turned(int layers)
    {
        if (!family.LayersWithoutRotary)
        {
            return [.. Enumerable.Repeat(true, layers)];
        }
        if (config.Has("no_rope_layers"))
        {
            // The name says no, a 1 says yes: the layer has rotary positions.
            return config.Items("no_rope_layers", layers, layers).Select(item => item.Whole(0, 1) == 1).ToArray();
        }
        var interval = config.Whole("no_rope_layer_interval", 1, ManifestLimits.Layers, 4);
        return Enumerable.Range(0, layers).Select(i => (i + 1) % interval != 0).ToArray();
    }

    /// <summary>The kinds of rotary settings that layers use, in the order of their tables.</summary>
    private RopeKind[] RopesInUse(LayerAttention[] attention)
    {
        if (family.Window != WindowUse.FiveOfSix)
        {
            return [new RopeKind("", Full, OlderField: null)];
        }
        var (global, local) = (new RopeKind("", Full, OlderField: null),
            new RopeKind("_local", Sliding, OlderField: "rope_local_base_freq"));
        return attention.Any(layer => layer.Rotary == 1) ? [global, local]
            : Slides(attention.Length).Contains(true) ? [local] : [global];
    }
}
