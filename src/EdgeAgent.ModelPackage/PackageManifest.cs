using System.Text.Json.Serialization;

namespace EdgeAgent.ModelPackage;

/// <summary>
/// What a model package says of itself: `manifest.json`, written by the model tools, checked before use.
/// </summary>
public sealed record PackageManifest
{
    /// <summary>The only format that this agent reads.</summary>
    public const string CurrentFormat = "edgeagent-model/1";

    /// <summary>Name of the manifest file within a package.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Name of the one data file that all graphs of a package share.</summary>
    public const string WeightsFileName = "model.data";

    /// <summary>Name of the tokenizer's file within a package, and within a Hugging Face folder.</summary>
    public const string TokenizerFileName = "tokenizer.json";

    /// <summary>Name that the tools give to the chat template; <see cref="ChatFormat.Template"/> decides.</summary>
    public const string TemplateFileName = "chat_template.jinja";

    public required string Format { get; init; }

    /// <summary>Lower-case name, `[a-z0-9][a-z0-9._-]*`, at most 64 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the model as MAJOR.MINOR.PATCH.</summary>
    public required string Version { get; init; }

    public required string Licence { get; init; }

    public required ModelArchitecture Architecture { get; init; }

    /// <summary>The longest sequence, prompt and answer together, in tokens.</summary>
    public required int Context { get; init; }

    public required Quantization Quantization { get; init; }

    /// <summary>Null: a base model, or weights alone; they can be evaluated and not talked to.</summary>
    public ChatFormat? Chat { get; init; }

    /// <summary>Ids of the tokens that end an answer.</summary>
    public required IReadOnlyList<int> StopTokens { get; init; }

    public required KvLayout Kv { get; init; }

    public required IReadOnlyList<GraphFile> Graphs { get; init; }

    public required IReadOnlyList<PruningLevel> Levels { get; init; }

    public required MemoryNeed Memory { get; init; }

    /// <summary>Every file of the package but the manifest and its signature.</summary>
    public required IReadOnlyList<PackageFile> Files { get; init; }

    /// <summary>`name@version`, as answers and telemetry name the model.</summary>
    [JsonIgnore]
    public string FullName => $"{Name}@{Version}";
}

/// <summary>The sizes of a decoder-only transformer.</summary>
public sealed record ModelArchitecture
{
    /// <summary>Family as Hugging Face's `model_type` names it.</summary>
    public required string Family { get; init; }

    public required int Layers { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int AttentionHeads { get; init; }

    public required int VocabularySize { get; init; }

    public required long Parameters { get; init; }

    /// <summary>The rotary tables that the engine makes, in the order of the graph's inputs.</summary>
    public required IReadOnlyList<RotaryTable> Rotary { get; init; }
}

/// <summary>One pair of rotary tables: angle(position, i) = position · base^(−2i/dimensions) / divisor(i).</summary>
/// <remarks>Su et al. 2021, RoFormer, equation 15; divisors are how models stretch it over longer contexts.</remarks>
public sealed record RotaryTable
{
    /// <summary>Bounds of a divisor; published models stay between 1 and about 100.</summary>
    public const double LeastDivisor = 1e-3;

    public const double LargestDivisor = 1e6;

    /// <summary>Bounds of the base; published models stay between 1e4 and 1e7.</summary>
    public const double LeastBase = 1.001;

    public const double LargestBase = 1e11;

    /// <summary>Bounds of what cos and sin are multiplied by; published models stay between 1 and 1.6.</summary>
    public const double LeastAmplitude = 0.1;

    public const double LargestAmplitude = 10;

    /// <summary>Names of the graph inputs, float [context, dimensions / 2].</summary>
    public required string CosInput { get; init; }

    public required string SinInput { get; init; }

    public required int Dimensions { get; init; }

    public required double Base { get; init; }

    /// <summary>What each frequency is divided by, dimensions / 2 numbers; null: by 1.</summary>
    public IReadOnlyList<double>? FrequencyDivisors { get; init; }

    /// <summary>The divisors of an engine whose context is longer than <see cref="LongBeyond"/>.</summary>
    /// <remarks>By the engine's context and not by each text's length: keys in the cache are turned already.</remarks>
    public IReadOnlyList<double>? LongFrequencyDivisors { get; init; }

    public int? LongBeyond { get; init; }

    /// <summary>Multiplies cos and sin; null: 1.</summary>
    public double? Amplitude { get; init; }
}

/// <summary>How the weights are stored.</summary>
public sealed record Quantization
{
    /// <summary>
    /// `rtn` (round to nearest), `keep` (as the source had it), `awq`, `gptq`, `auto` (GPTQ, formats mixed) or `none`
    /// (fp32).
    /// </summary>
    public required string Method { get; init; }

    /// <summary>Bits of one quantized weight without its scale; 32 when not quantized.</summary>
    public required int Bits { get; init; }

    /// <summary>Weights that share a scale, along the input axis; 0 when not quantized.</summary>
    public required int BlockSize { get; init; }

    public required bool Symmetric { get; init; }

    /// <summary>
    /// Bits of a weight of the body on average, scales and zero points included, where formats are mixed.
    /// </summary>
    public double? BodyBits { get; init; }
}

/// <summary>How messages become a prompt.</summary>
public sealed record ChatFormat
{
    /// <summary>File of the package that holds the Jinja template.</summary>
    public required string Template { get; init; }

    /// <summary>Texts of the begin and end tokens that templates refer to.</summary>
    public string? BeginToken { get; init; }

    public string? EndToken { get; init; }
}

/// <summary>Element type and, for each layer, shape of the KV cache.</summary>
public sealed record KvLayout
{
    /// <summary>`float32`.</summary>
    public required string Type { get; init; }

    public required IReadOnlyList<KvLayer> Layers { get; init; }
}

/// <summary>The KV cache of one layer: [sequences, heads, context, dimensions].</summary>
public sealed record KvLayer
{
    public required int Heads { get; init; }

    public required int Dimensions { get; init; }

    /// <summary>Sliding attention window in tokens; 0 attends to everything.</summary>
    public int Window { get; init; }
}

/// <summary>One ONNX graph: a level as one execution provider runs it.</summary>
public sealed record GraphFile
{
    public required string File { get; init; }

    public required int Level { get; init; }

    /// <summary>`cpu`, `cuda` or `tensorrt`; a `cpu` graph runs anywhere.</summary>
    public required string Provider { get; init; }

    /// <summary>Type of activations: `float32` or `float16`.</summary>
    public required string Type { get; init; }

    /// <summary>The oldest ONNX Runtime that runs it.</summary>
    public required string MinimumRuntime { get; init; }
}

/// <summary>One pruning level: what it computes and how good it is; its speed is for the board to measure.</summary>
public sealed record PruningLevel
{
    /// <summary>0 computes everything; higher computes less.</summary>
    public required int Level { get; init; }

    /// <summary>FFN channels that each layer computes; 0 where the FFN is gone.</summary>
    public required IReadOnlyList<int> FfnChannels { get; init; }

    /// <summary>Multiplications per token in the body, without the head.</summary>
    public required long BodyMultiplications { get; init; }

    /// <summary>Multiplications of the body relative to level 0.</summary>
    public required double BodyShare { get; init; }

    /// <summary>Bytes of weights that one decoded token reads, head included.</summary>
    public required long BytesPerToken { get; init; }

    /// <summary>Perplexity on the text that the card names, where it was measured.</summary>
    public double? Perplexity { get; init; }

    /// <summary>Exact-match accuracy on the task file that the card names, where it was measured.</summary>
    public double? Accuracy { get; init; }
}

/// <summary>What a board must offer.</summary>
public sealed record MemoryNeed
{
    public required long WeightsBytes { get; init; }

    /// <summary>KV cache of one token of one sequence.</summary>
    public required long KvBytesPerToken { get; init; }
}

/// <summary>One file of a package.</summary>
public sealed record PackageFile
{
    /// <summary>Plain file name, `[a-z0-9][a-z0-9._-]*`, at most 64 characters.</summary>
    public required string Name { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }
}
