using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Turns the metadata of a GGUF file into what the decoder is made of.</summary>
internal sealed class GgufConfig(GgufFile file, GgufArchitecture architecture, GgufVocabulary vocabulary)
{
    /// <summary>Of six layers of Gemma 3, five have a window where the file says nothing (llama.cpp, gemma3.cpp).
    /// </summary>
    private const int GemmaPattern = 6;

    private const double GemmaLocalBase = 10_000;

    /// <summary>Gemma 3 27B, told by its depth as llama.cpp does, scales by hidden size / heads.</summary>
    private const int LayersOfLargestGemma = 62;

    private readonly GgufMetadata _metadata = file.Header.Metadata;

    /// <exception cref="ModelToolsException">A value is missing or out of bounds.</exception>
    public DecoderConfig Read() => DecoderRules.Checked(ReadFields(),
        new DecoderNames(Key("attention.head_count"), Key("attention.head_count_kv"), Key("attention.key_length"),
            Key("rope.dimension_count")),
        _metadata.Invalid);

    private DecoderConfig ReadFields()
    {
        if (_metadata.OptionalWhole(Key("expert_count"), 0, int.MaxValue) is > 0)
        {
            throw _metadata.Invalid(Key("expert_count"), "is not 0; models with experts are not built yet");
        }
        foreach (var capping in new[] { "attn_logit_softcapping", "final_logit_softcapping" })
        {
            if (_metadata.Real(Key(capping), 0, float.MaxValue, 0) != 0)
            {
                throw _metadata.Invalid(Key(capping), "is not 0; soft-capping is not built yet");
            }
        }
        var heads = Whole("attention.head_count", 1, ManifestLimits.Heads);
        var hidden = Whole("embedding_length", 1, ManifestLimits.Channels);
        var head = Whole("attention.key_length", 2, ManifestLimits.HeadDimensions, hidden / heads);
        DecoderRules.CheckHead(head, Key("attention.key_length"), _metadata.Invalid);
        // Heads whose values have another size than their keys are not built.
        Whole("attention.value_length", head, head, head);
        var context = Whole("context_length", 1, ManifestLimits.Context);
        var layers = Whole("block_count", 1, ManifestLimits.Layers);
        var window = _metadata.OptionalWhole(Key("attention.sliding_window"), 0, int.MaxValue) ?? 0;
        var slides = Slides(layers, window);
        return new DecoderConfig
        {
            Family = architecture.Family,
            HiddenSize = hidden,
            IntermediateSize = Whole("feed_forward_length", 1, ManifestLimits.Channels),
            Heads = heads,
            KvHeads = Whole("attention.head_count_kv", 1, heads, heads),
            HeadDimensions = head,
            VocabularySize = VocabularySize(),
            Context = context,
            NormEpsilon = (float)_metadata.Real(Key("attention.layer_norm_rms_epsilon"), 1e-12, 1e-2, 1e-5),
            TiedEmbedding = !file.Header.Tensors.ContainsKey("output.weight"),
            StopTokens = GgufStopTokens.Of(_metadata, vocabulary),
            Rotary = Rotary(slides, head, context),
            Attention = Attention(slides, window < context ? window : 0),
            QueryKeyNorm = architecture.QueryKeyNorm,
            QkvBias = file.Header.Tensors.ContainsKey("blk.0.attn_q.bias"),
            OutputBias = file.Header.Tensors.ContainsKey("blk.0.attn_output.bias"),
            FusedProjections = architecture.FusedProjections,
            NormsAfter = architecture.Gemma,
            EmbeddingScale = architecture.Gemma ? MathF.Sqrt(hidden) : 1,
            AttentionScale = !architecture.Gemma ? 0
                : 1 / MathF.Sqrt(layers == LayersOfLargestGemma ? hidden / heads : head),
            Activation = architecture.Gemma ? Activation.GeluTanh : Activation.Silu,
        };
    }

    private int VocabularySize()
    {
        var rows = file.Header.Tensors.GetValueOrDefault("token_embd.weight")?.Rows
            ?? throw _metadata.Invalid("token_embd.weight", "is missing");
        var tokens = vocabulary.Tokens.Length;
        return rows is >= 2 and <= ManifestLimits.Vocabulary && tokens <= rows
            ? (int)rows
            : throw _metadata.Invalid("tokenizer.ggml.tokens",
                $"has {tokens} entries and token_embd.weight {rows} rows; every token needs one, and the limit is "
                + $"{ManifestLimits.Vocabulary}");
    }

    /// <summary>Which layers have a window; where the file names none, none has.</summary>
    private bool[] Slides(int layers, int window) => window == 0 ? new bool[layers]
        : architecture.Gemma ? Pattern(layers)
        : [.. Enumerable.Repeat(architecture.WindowEverywhere, layers)];

    private LayerAttention[] Attention(bool[] slides, int window)
    {
        bool Turns(int layer) =>
            architecture.LayerWithoutRotary == 0 || (layer + 1) % architecture.LayerWithoutRotary != 0;
        var local = architecture.Gemma && slides.Contains(false) ? 1 : 0;
        return slides.Select((slide, layer) => new LayerAttention(
            Turns(layer) ? slide ? local : 0 : null, slide ? window : 0)).ToArray();
    }

    /// <summary>A list of layers, or a period whose last layer has no window (llama.cpp, set_swa_pattern).</summary>
    private bool[] Pattern(int layers)
    {
        var key = Key("attention.sliding_window_pattern");
        if (_metadata.IsList(key))
        {
            var listed = _metadata.Flags(key);
            return listed.Length == layers ? listed
                : throw _metadata.Invalid(key, $"has {listed.Length} entries; the model has {layers} layers");
        }
        var period = _metadata.Whole(key, 0, ManifestLimits.Layers, GemmaPattern);
        return [.. Enumerable.Range(0, layers).Select(layer => period == 0 || (layer + 1) % period != 0)];
    }

    /// <summary>The tables in use; sliding layers of Gemma have their own, the second or the only one.</summary>
    private RotaryTable[] Rotary(bool[] slides, int head, int context)
    {
        var dimensions = Whole("rope.dimension_count", 1, head, head);
        RotaryTable Table(string suffix, double rotaryBase) => new()
        {
            CosInput = $"cos_cache{suffix}",
            SinInput = $"sin_cache{suffix}",
            Dimensions = dimensions,
            Base = rotaryBase,
        };
        var global = Scaled(Table("", Base("rope.freq_base", 10_000)), context);
        if (!architecture.Gemma || Array.TrueForAll(slides, slide => !slide))
        {
            return [global];
        }
        var local = Table("_local", Base("rope.freq_base_swa", GemmaLocalBase));
        return slides.Contains(false) ? [global, local] : [local];
    }

    private RotaryTable Scaled(RotaryTable table, int context)
    {
        if (Divisors("rope_freqs.weight", table) is { } divisors)
        {
            return table with { FrequencyDivisors = divisors };
        }
        var original = Whole("rope.scaling.original_context_length", 2, ManifestLimits.Context, context);
        if (Divisors("rope_factors_short.weight", table) is { } shortFactors)
        {
            return table with
            {
                FrequencyDivisors = shortFactors,
                LongFrequencyDivisors = Divisors("rope_factors_long.weight", table)
                    ?? throw _metadata.Invalid("rope_factors_long.weight", "is missing"),
                LongBeyond = original,
                Amplitude = _metadata.Has(Key("rope.scaling.attn_factor"))
                    ? _metadata.Real(Key("rope.scaling.attn_factor"), RotaryTable.LeastAmplitude,
                        RotaryTable.LargestAmplitude, 1)
                    : RotaryScaling.LongRopeAmplitude((double)context / original, original),
            };
        }
        var factor = _metadata.Real(Key("rope.scaling.factor"), 1, 1024, 1);
        return (_metadata.OptionalText(Key("rope.scaling.type")) ?? "none") switch
        {
            "none" => table,
            "longrope" => throw _metadata.Invalid("rope_factors_short.weight", "is missing"),
            "linear" => RotaryScaling.Linear(table, factor),
            "yarn" => RotaryScaling.Yarn(table, factor, original, fast: 32, slow: 1, amplitude: null),
            var other => throw _metadata.Invalid(Key("rope.scaling.type"),
                $"is '{ConfigReader.Shorten(other)}'; known are none, linear, yarn, longrope"),
        };
    }

    private double[]? Divisors(string name, RotaryTable table)
    {
        if (!file.Header.Tensors.TryGetValue(name, out var tensor))
        {
            return null;
        }
        if (tensor.Elements != table.Dimensions / 2)
        {
            throw _metadata.Invalid(name, $"has {tensor.Elements} numbers; it must have {table.Dimensions / 2}");
        }
        var values = new float[tensor.Elements];
        file.ReadRows(tensor, 0, values);
        return Array.TrueForAll(values, value => value is >= (float)RotaryTable.LeastDivisor
            and <= (float)RotaryTable.LargestDivisor)
            ? [.. values.Select(value => (double)value)]
            : throw _metadata.Invalid(name, "has a number that is no divisor of a frequency");
    }

    private double Base(string name, double absent) =>
        _metadata.Real(Key(name), RotaryTable.LeastBase, RotaryTable.LargestBase, absent);

    private int Whole(string name, int minimum, int maximum, int? absent = null) =>
        _metadata.Whole(Key(name), minimum, maximum, absent);

    private string Key(string name) => $"{architecture.Name}.{name}";
}
