using System.Text.Json.Nodes;

namespace EdgeAgent.EndToEnd;

/// <summary>The embedded package and every architecture on the processors of Raspberry Pi boards.</summary>
/// <remarks>With ONNX Runtime's arm64 build, emulated: this proves that the graphs load there and what they answer,
/// and nothing about speed.</remarks>
public sealed class ArmTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan s_longPatience = TimeSpan.FromMinutes(30);
    private static readonly string[] s_architectures =
        ["llama", "llama3", "mistral", "qwen2", "qwen3", "phi3", "gemma3", "smollm3"];

    private readonly string _folder = Directory.CreateTempSubdirectory("edge-agent-arm").FullName;

    [Theory]
    [InlineData("cortex-a76")]
    [InlineData("cortex-a72")]
    public async Task Golden_prompts_have_the_same_answers_on_arm64_at_every_level(string processor)
    {
        var reference = Need.Shared("nano/reference.json");
        var run = await OnArmAsync(processor, "golden.js",
            Path.Combine(Repository.Root, "models-lite", "nano"), reference, "fault_qa,defect");
        Assert.EndsWith("8 of 8 answers are equal", run.Expect().TrimEnd(), StringComparison.Ordinal);
    }

    /// <remarks>
    /// fp32 against transformers' logits. INT4 against this processor's: both round activations to 8 bits, each in its
    /// own way, which moves the logits of these random models by 3 to 5 %; their weights' rounding moves them by 40 %.
    /// </remarks>
    [Fact]
    public async Task Every_architecture_computes_on_a_Raspberry_Pi_5_what_it_computes_here()
    {
        var cases = new JsonArray();
        foreach (var name in s_architectures)
        {
            var source = Need.Shared($"models/tiny/{name}");
            var reference = JsonNode.Parse(await File.ReadAllTextAsync(
                Path.Combine(source, "reference.json"), TestContext.Current.CancellationToken))!;
            var tokens = reference["input_ids"]!.AsArray();
            cases.Add(Case($"{name} fp32", await ImportAsync(source, name, "none"), tokens,
                reference["logits_first8_every_position"]!.AsArray(), 1e-4));
            var package = await ImportAsync(source, name, "rtn");
            var run = await AgentAsync("model", "logits", package, "--tokens", string.Join(',', tokens), "--json");
            cases.Add(Case($"{name} INT4", package, tokens, JsonNode.Parse(run)!["logits"]!.AsArray(), 0.08));
        }
        var file = Path.Combine(_folder, "cases.json");
        await File.WriteAllTextAsync(file, cases.ToJsonString(), TestContext.Current.CancellationToken);
        var result = await OnArmAsync("cortex-a76", "architectures.js", file);
        Assert.EndsWith("16 of 16 packages agree", result.Expect().TrimEnd(), StringComparison.Ordinal);
    }

    /// <remarks>One window, of which 255 tokens are scored. The emulated board takes 2 minutes of processor
    /// time.</remarks>
    [Fact, Trait("Tier", "long")]
    public async Task SmolLM2_has_on_a_Raspberry_Pi_5_the_perplexity_that_it_has_here()
    {
        const int tokens = 256;
        var text = Need.Shared("models/smollm2/perplexity.txt");
        var package = await ImportAsync(
            Need.Shared("models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"), "smollm2", "keep");
        var here = JsonNode.Parse(await AgentAsync("model", "eval", package, "--text", text,
            "--tokens", $"{tokens}", "--window", $"{tokens}", "--json"))!["levels"]![0]!["perplexity"]!;
        var file = Path.Combine(_folder, "tokens.json");
        (await Shell.RunAsync(s_patience, "sh", "-c", "\"$0\" tokenize \"$1\" --json <\"$2\" >\"$3\"",
            Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent"), package, text, file)).Expect();
        var result = await OnArmAsync(s_longPatience, "cortex-a76", "perplexity.js", package, file, $"{tokens}");
        var there = JsonNode.Parse(result.Expect().Split('\n').Single(line => line.StartsWith('{')))!;
        Assert.Equal(tokens, there["tokens"]!.GetValue<int>());
        Assert.InRange(there["perplexity"]!.GetValue<double>() / here.GetValue<double>(), 0.98, 1.02);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Task<ShellResult> OnArmAsync(string processor, string script, params string[] arguments) =>
        OnArmAsync(s_patience, processor, script, arguments);

    private static Task<ShellResult> OnArmAsync(
        TimeSpan patience, string processor, string script, params string[] arguments)
    {
        var tool = Need.Shared("tools/arm64-node");
        // A root for each processor: it holds that processor's /proc/cpuinfo. The tool makes it at the first call.
        var root = Path.Combine(Path.GetDirectoryName(PublishedAgent.CacheFolder)!, $"arm64-node-{processor}");
        Need.That(Environment.UserName == "root" || File.Exists(Path.Combine(root, ".ready")),
            "needs root once, to install what emulates arm64");
        Need.Tool("npm");
        return Shell.RunAsync(patience, "env", [$"ARM64_CPU={processor}", $"ARM64_ROOT={root}", tool,
            Path.Combine(Repository.Root, "tests", "arm64", script), .. arguments]);
    }

    private async Task<string> ImportAsync(string source, string name, string quantization)
    {
        var package = Path.Combine(_folder, $"{name}-{quantization}");
        await AgentAsync("model", "import", source, "--out", package, "--quant", quantization, "--name", name);
        return package;
    }

    private static async Task<string> AgentAsync(params string[] arguments) => (await Shell.RunAsync(
        s_patience, Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent"), arguments)).Expect();

    private static JsonObject Case(string name, string package, JsonArray tokens, JsonArray rows, double tolerance) =>
        new()
        {
            ["name"] = name,
            ["package"] = package,
            ["tokens"] = tokens.DeepClone(),
            ["expected"] = new JsonArray([.. rows.Select((row, i) => new JsonArray(i, row!.DeepClone()))]),
            ["tolerance"] = tolerance,
        };
}
