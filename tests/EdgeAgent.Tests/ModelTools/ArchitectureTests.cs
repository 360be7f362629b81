using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Every architecture computes what transformers computes: the vectors of ../shared/models/tiny.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class ArchitectureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names =>
        ["llama", "llama3", "mistral", "qwen2", "qwen3", "phi3", "gemma3", "smollm3"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_of_every_position_and_greedy_tokens_are_those_of_the_reference(string name)
    {
        var source = Repository.SharedPath($"models/tiny/{name}");
        using var model = Import(source, QuantizationMethod.None);
        AssertAsReference(model, Reference(source));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_config_in_the_older_form_means_the_same(string name)
    {
        var shared = Repository.SharedPath($"models/tiny/{name}");
        var source = Directory.CreateDirectory(_folder.File("older")).FullName;
        File.Copy(Path.Combine(shared, "model.safetensors"), Path.Combine(source, "model.safetensors"));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(shared, "config.json")))!.AsObject();
        OlderConfigs.Rewrite(config);
        File.WriteAllText(Path.Combine(source, "config.json"), config.ToJsonString());
        using var model = Import(source, QuantizationMethod.None);
        AssertAsReference(model, Reference(shared));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_INT4_package_loads_and_answers_the_same_one_by_one_as_in_a_chunk(string name)
    {
        var source = Repository.SharedPath($"models/tiny/{name}");
        using var model = Import(source, QuantizationMethod.Rtn);
        var prompt = Reference(source).Prompt;
        model.Engine.Prefill(0, prompt, level: 0);
        var atOnce = model.Engine.Logits(0).ToArray();
        model.FeedOneByOne(1, prompt, new int[prompt.Length]);
        Assert.All(atOnce, logit => Assert.True(float.IsFinite(logit)));
        Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), atOnce), 0, 0.05f);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_becomes_a_package_that_says_it_cannot_talk()
    {
        var source = Repository.SharedPath("models/tiny/llama");
        using var model = Import(source, QuantizationMethod.Rtn);
        Assert.Null(model.Package.Manifest.Chat);
        Assert.False(model.Package.HasTokenizer);
        var error = Assert.Throws<PackageException>(() => EdgeAgent.Serving.ServedModel.Load(
            _folder.File("package"), new EngineOptions { Threads = RunningModel.Threads }));
        Assert.Equal(PackageFaultKind.CannotTalk, error.Fault.Kind);
        Assert.Contains("imported without a tokenizer", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private RunningModel Import(string source, QuantizationMethod quantization)
    {
        var package = _folder.File("package");
        TinyModel.Import(new ImportOptions { Source = source, Output = package, Quantization = quantization });
        return RunningModel.Load(package);
    }

    internal static void AssertAsReference(RunningModel model, ArchitectureReference reference)
    {
        for (var i = 0; i < reference.Prompt.Length; i += RunningModel.LogitRows)
        {
            var tokens = reference.Prompt.AsSpan(i, Math.Min(RunningModel.LogitRows, reference.Prompt.Length - i));
            model.Engine.Extend(0, tokens, past: i, level: 0, logitRows: tokens.Length);
            for (var row = 0; row < tokens.Length; row++)
            {
                Assert.InRange(
                    NanoReference.Deviation(model.Engine.Logits(row)[..8], reference.First8[i + row]), 0, 1e-3f);
            }
            if (i + tokens.Length == reference.Prompt.Length)
            {
                Assert.InRange(
                    NanoReference.Deviation(model.Engine.Logits(tokens.Length - 1), reference.LastLogits), 0, 1e-3f);
            }
        }
        var answer = model.Greedy(reference.Prompt, 0, _ => 0, reference.Greedy.Length);
        Assert.Equal(reference.Greedy[..answer.Length], answer);
        Assert.True(answer.Length == reference.Greedy.Length
            || model.Package.Manifest.StopTokens.Contains(answer[^1]));
    }

    private static ArchitectureReference Reference(string folder) =>
        ReadReference(Path.Combine(folder, "reference.json"));

    internal static ArchitectureReference ReadReference(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var root = document.RootElement;
        return new ArchitectureReference(
            [.. root.GetProperty("input_ids").EnumerateArray().Select(id => id.GetInt32())],
            Floats(root.GetProperty("last_logits")),
            [.. root.GetProperty("logits_first8_every_position").EnumerateArray().Select(Floats)],
            [.. root.GetProperty("greedy").EnumerateArray().Select(id => id.GetInt32())]);
    }

    private static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetSingle())];
}

/// <summary>What transformers computed: logits of the prompt, and the greedy tokens that follow it.</summary>
internal sealed record ArchitectureReference(int[] Prompt, float[] LastLogits, float[][] First8, int[] Greedy);
