using System.Text.Json;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import;

/// <summary>A Hugging Face model folder of a Llama-type model.</summary>
internal sealed class HuggingFaceFolder(string path) : IModelSource
{
    private const int MaximumJsonBytes = 1 << 20;
    private const int MaximumSize = 1 << 20;
    private static readonly string[] KnownFamilies = ["llama"];

    public string Path { get; } = path;

    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(
        System.IO.Path.GetFullPath(Path))).ToLowerInvariant();

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <exception cref="ModelToolsException">A file is missing, a size is out of bounds, the family
    /// unknown.</exception>
    public DecoderConfig ReadConfig()
    {
        using var document = ReadJson("config.json");
        var config = new ConfigReader("config.json", document.RootElement);
        var family = config.Text("model_type");
        if (!KnownFamilies.Contains(family))
        {
            throw new ModelToolsException(ModelToolsFault.ArchitectureUnknown,
                $"config.json: model_type '{family}' is not known. Known: {string.Join(", ", KnownFamilies)}.");
        }
        config.MustBeAbsentOrFalse("attention_bias");
        config.MustBeAbsentOrFalse("mlp_bias");
        if (config.OptionalText("hidden_act") is { } activation and not ("silu" or "swish"))
        {
            throw config.Invalid("hidden_act", $"'{activation}' is not built yet; known is silu");
        }
        var heads = config.Whole("num_attention_heads", 1, 4096);
        var kvHeads = config.Whole("num_key_value_heads", 1, heads, heads);
        if (heads % kvHeads != 0)
        {
            throw config.Invalid("num_key_value_heads", $"is {kvHeads}; it must divide num_attention_heads, {heads}");
        }
        var hidden = config.Whole("hidden_size", 1, MaximumSize);
        var headDimensions = config.Whole("head_dim", 2, 1024, hidden / heads);
        if (headDimensions % 2 != 0)
        {
            throw config.Invalid("head_dim", $"is {headDimensions}; it must be even");
        }
        return new DecoderConfig
        {
            Family = family,
            HiddenSize = hidden,
            IntermediateSize = config.Whole("intermediate_size", 1, MaximumSize),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDimensions = headDimensions,
            VocabularySize = config.Whole("vocab_size", 2, MaximumSize),
            Context = config.Whole("max_position_embeddings", 1, MaximumSize),
            NormEpsilon = (float)config.Real("rms_norm_eps", 1e-12, 1e-2, 1e-6),
            TiedEmbedding = config.Flag("tie_word_embeddings"),
            StopTokens = ReadStopTokens(config),
            Rotary =
            [
                new RotaryTable
                {
                    CosInput = "cos_cache",
                    SinInput = "sin_cache",
                    Dimensions = headDimensions,
                    Base = RotaryBase(config),
                },
            ],
            Attention = Enumerable.Repeat(
                new LayerAttention(Rotary: 0, Window: 0), config.Whole("num_hidden_layers", 1, 512)).ToArray(),
        };
    }

    /// <summary>The Jinja chat template and the texts of the begin and end tokens.</summary>
    public SourceChat ReadChatFormat()
    {
        using var document = ReadJson("tokenizer_config.json");
        var config = new ConfigReader("tokenizer_config.json", document.RootElement);
        return new SourceChat(
            config.Text("chat_template"), config.OptionalText("bos_token"), config.OptionalText("eos_token"));
    }

    /// <summary>
    /// FFN channels that each level keeps in each layer, from pruning.json; one full level without it.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>> ReadLevels(DecoderConfig model)
    {
        if (!System.IO.File.Exists(File("pruning.json")))
        {
            return [Enumerable.Repeat(model.IntermediateSize, model.Layers).ToArray()];
        }
        using var document = ReadJson("pruning.json");
        var config = new ConfigReader("pruning.json", document.RootElement);
        var width = config.Whole("slice_width", 32, model.IntermediateSize);
        var slices = config.Whole("slices", 1, model.IntermediateSize / width);
        var levels = config.Items("levels", 1, 16).Select(level =>
            (IReadOnlyList<int>)level.Items("kept_slices", model.Layers, model.Layers)
                .Select(kept => kept.Whole(0, slices) * width).ToArray()).ToArray();
        return levels[0].All(channels => channels == model.IntermediateSize)
            ? levels
            : throw config.Invalid("levels", "level 0 must keep every slice of every layer");
    }

    public ITensorSource OpenTensors() => SafetensorsFile.Open(File("model.safetensors"));

    public byte[] ReadTokenizer() => ReadFile(PackageManifest.TokenizerFileName);

    public void Dispose()
    {
        // A folder holds nothing open between calls.
    }

    private byte[] ReadFile(string name) => System.IO.File.Exists(File(name))
        ? System.IO.File.ReadAllBytes(File(name))
        : throw new ModelToolsException(ModelToolsFault.SourceMissing,
            $"{File(name)} is not there; a Hugging Face model folder has it.");

    private static double RotaryBase(ConfigReader config)
    {
        // Newer folders nest it under rope_parameters; scaling of any kind is another architecture.
        var rope = config.Child("rope_parameters") ?? config;
        if (rope.OptionalText("rope_type") is { } type and not "default" || config.Child("rope_scaling") is not null)
        {
            throw config.Invalid("rope_scaling", "scaled rotary embeddings are not built yet");
        }
        return rope.Real("rope_theta", 1.001, 1e11, 10_000);
    }

    private int[] ReadStopTokens(ConfigReader config)
    {
        if (!System.IO.File.Exists(File("generation_config.json")))
        {
            return config.WholeOrMany("eos_token_id");
        }
        using var document = ReadJson("generation_config.json");
        return new ConfigReader("generation_config.json", document.RootElement).WholeOrMany("eos_token_id");
    }

    private JsonDocument ReadJson(string name)
    {
        var path = File(name);
        if (!Directory.Exists(Path))
        {
            throw new ModelToolsException(ModelToolsFault.SourceMissing,
                $"{Path} is not a folder. Name a Hugging Face model folder "
                + "(config.json, model.safetensors, tokenizer.json).");
        }
        if (!System.IO.File.Exists(path))
        {
            throw new ModelToolsException(ModelToolsFault.SourceMissing,
                $"{path} is not there; a Hugging Face model folder has it.");
        }
        if (new FileInfo(path).Length > MaximumJsonBytes)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid,
                $"{name}: larger than {MaximumJsonBytes} bytes.");
        }
        try
        {
            return JsonDocument.Parse(System.IO.File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException error)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid, $"{name}: {error.Message}");
        }
    }
}
