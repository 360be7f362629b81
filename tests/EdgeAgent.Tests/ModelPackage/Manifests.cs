using EdgeAgent.ModelPackage;

namespace EdgeAgent.Tests.ModelPackage;

/// <summary>A small honest manifest for tests that break it.</summary>
internal static class Manifests
{
    public static PackageManifest Small { get; } = new()
    {
        Format = PackageManifest.CurrentFormat,
        Name = "tiny",
        Version = "1.2.3",
        Licence = "MIT",
        Architecture = new ModelArchitecture
        {
            Family = "llama",
            Layers = 1,
            HiddenSize = 32,
            IntermediateSize = 64,
            AttentionHeads = 1,
            VocabularySize = 256,
            Parameters = 1000,
            Rotary = [new RotaryTable { CosInput = "cos_cache", SinInput = "sin_cache", Dimensions = 32,
                Base = 10000 }],
        },
        Context = 128,
        Quantization = new Quantization { Method = "rtn", Bits = 4, BlockSize = 32, Symmetric = true },
        Chat = new ChatFormat { Template = "chat_template.jinja" },
        StopTokens = [2],
        Kv = new KvLayout { Type = "float32", Layers = [new KvLayer { Heads = 1, Dimensions = 32 }] },
        Graphs = [new GraphFile { File = "level-0.onnx", Level = 0, Provider = "cpu", Type = "float32",
            MinimumRuntime = "1.30.0" }],
        Levels = [new PruningLevel { Level = 0, FfnChannels = [64], BodyMultiplications = 1, BodyShare = 1,
            BytesPerToken = 1 }],
        Memory = new MemoryNeed { WeightsBytes = 1, KvBytesPerToken = 1 },
        Files = [File("model.data"), File("level-0.onnx"), File("chat_template.jinja")],
    };

    public static string SmallText { get; } = ManifestJson.Write(Small).Replace("\n", "", StringComparison.Ordinal)
        .Replace("  ", "", StringComparison.Ordinal);

    private static PackageFile File(string name) => new() { Name = name, SizeBytes = 1, Sha256 = new string('a', 64) };
}
