using System.Text;
using System.Text.Json;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import;

/// <summary>A Hugging Face model folder.</summary>
internal sealed class HuggingFaceFolder(string path) : IModelSource
{
    private const int MaximumJsonBytes = 1 << 20;
    private const int MaximumDepth = 32;
    private const int MaximumFileBytes = TokenizerLimits.FileBytes;
    private const string TemplateFile = PackageManifest.TemplateFileName;
    private const string ConfigFile = "config.json";
    private const string GenerationFile = "generation_config.json";
    private const string TokenizerConfigFile = "tokenizer_config.json";
    private const string TemplateField = "chat_template";
    private const string PruningFile = "pruning.json";
    private const string CardFile = "README.md";

    private static readonly string[] s_tokenizerFiles =
    [
        PackageManifest.TokenizerFileName, TokenizerConfigFile, "special_tokens_map.json", "tokenizer.model",
        "vocab.json", "merges.txt", TemplateFile,
    ];

    public string Path { get; } = path;

    public string Name => SourceName.Of(System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(
        System.IO.Path.GetFullPath(Path))));

    /// <summary>From the model card; one that is too long says nothing.</summary>
    public string? Licence => Has(CardFile) && new FileInfo(File(CardFile)).Length <= MaximumJsonBytes
        ? SourceLicence.OfCard(Encoding.UTF8.GetString(ReadFile(CardFile))) : null;

    /// <summary>Nothing of a tokenizer there is weights alone; half of one is a mistake.</summary>
    public bool HasTokenizer => s_tokenizerFiles.Any(Has);

    /// <summary>Folders with quantized weights are refused.</summary>
    public bool IsQuantized => false;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <exception cref="ModelToolsException">A file is missing, a size is out of bounds, the family
    /// unknown.</exception>
    public DecoderConfig ReadConfig()
    {
        using var document = ReadJson(ConfigFile);
        using var generation = Has(GenerationFile) ? ReadJson(GenerationFile) : null;
        return DecoderConfigReader.Read(new ConfigReader(ConfigFile, document.RootElement),
            generation is null ? null : new ConfigReader(GenerationFile, generation.RootElement));
    }

    /// <summary>From chat_template.jinja, as newer folders have it, or from tokenizer_config.json.</summary>
    public SourceChat? ReadChatFormat()
    {
        if (!HasTokenizer)
        {
            return null;
        }
        using var document = ReadJson(TokenizerConfigFile);
        return ChatFormat(new ConfigReader(TokenizerConfigFile, document.RootElement),
            Has(TemplateFile) ? Encoding.UTF8.GetString(ReadFile(TemplateFile)) : null);
    }

    /// <summary>
    /// FFN channels that each level keeps in each layer, from pruning.json; one full level without it.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>> ReadLevels(DecoderConfig model)
    {
        if (!Has(PruningFile))
        {
            return [Enumerable.Repeat(model.IntermediateSize, model.Layers).ToArray()];
        }
        using var document = ReadJson(PruningFile);
        return Levels(new ConfigReader(PruningFile, document.RootElement), model);
    }

    public ITensorSource OpenTensors() => SafetensorsShards.Open(Path);

    public byte[]? ReadTokenizer() => HasTokenizer ? ReadFile(PackageManifest.TokenizerFileName) : null;

    public void Dispose()
    {
        // A folder holds nothing open between calls.
    }

    /// <param name="config">All of tokenizer_config.json.</param>
    /// <param name="templateFile">The template of a file of its own, or null.</param>
    internal static SourceChat? ChatFormat(ConfigReader config, string? templateFile)
    {
        var (origin, template) = templateFile is not null
            ? (TemplateFile, templateFile) : ($"{TokenizerConfigFile}: {TemplateField}", Template(config));
        return template is null ? null
            : new SourceChat(origin, template, config.OptionalText("bos_token"), config.OptionalText("eos_token"));
    }

    /// <param name="config">All of pruning.json.</param>
    internal static IReadOnlyList<IReadOnlyList<int>> Levels(ConfigReader config, DecoderConfig model)
    {
        var width = config.Whole("slice_width", 32, model.IntermediateSize);
        var slices = config.Whole("slices", 1, model.IntermediateSize / width);
        var levels = config.Items("levels", 1, ManifestLimits.Levels).Select(level =>
            (IReadOnlyList<int>)level.Items("kept_slices", model.Layers, model.Layers)
                .Select(kept => kept.Whole(0, slices) * width).ToArray()).ToArray();
        return levels[0].All(channels => channels == model.IntermediateSize)
            ? levels
            : throw config.Invalid("levels", "level 0 must keep every slice of every layer");
    }

    /// <summary>One template, or several by name, of which chats use the one named default.</summary>
    private static string? Template(ConfigReader config) => config.IsList(TemplateField)
        ? config.Items(TemplateField, 1, 64).FirstOrDefault(one => one.OptionalText("name") == "default")
            ?.Text("template")
        : config.OptionalText(TemplateField);

    private bool Has(string name) => System.IO.File.Exists(File(name));

    private byte[] ReadFile(string name, int maximumBytes = MaximumFileBytes) => System.IO.Path.Exists(File(name))
        ? SourceFile.ReadBytes(File(name), maximumBytes, name)
        : throw new ModelToolsException(ModelToolsFault.SourceMissing,
            $"{File(name)} is not there; a Hugging Face model folder has it.");

    private JsonDocument ReadJson(string name) => Directory.Exists(Path)
        ? Parse(name, ReadFile(name, MaximumJsonBytes))
        : throw new ModelToolsException(ModelToolsFault.SourceMissing,
            $"{Path} is not a folder. Name a Hugging Face model folder "
            + "(config.json, model.safetensors, tokenizer.json).");

    /// <summary>A JSON file of a folder; a field that comes twice would mean one thing here and another elsewhere.
    /// </summary>
    internal static JsonDocument Parse(string name, byte[] json)
    {
        try
        {
            return JsonDocument.Parse(
                json, new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowDuplicateProperties = false });
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid, $"{name}: {error.Message}");
        }
    }
}
