using System.Security.Cryptography;
using System.Text.Json;
using EdgeAgent.Inference;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;
using Google.Protobuf;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>SmolLM2-135M-Instruct out of its GGUF file is the model that transformers runs.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class SmolLm2Tests(ITestOutputHelper output) : IDisposable
{
    private const int Window = 512;

    /// <summary>transformers in fp32 on the first 1,024 tokens of the text in windows of 512.</summary>
    private const double ReferencePerplexity = 13.78;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Prompts_answers_and_perplexity_in_fp32_are_those_of_the_reference()
    {
        using var model = Import(QuantizationMethod.None);
        AssertAnswers(model);
        Assert.InRange(Perplexity(model), ReferencePerplexity * 0.995, ReferencePerplexity * 1.005);
    }

    [Fact]
    public void Kept_as_it_is_quantized_it_has_the_perplexity_and_the_tokens_of_the_reference()
    {
        using var model = Import(QuantizationMethod.Keep);
        Assert.InRange(Perplexity(model), 1, 13.9);
        using var reference = Reference();
        var (tokens, equal) = (0, 0);
        foreach (var item in reference.RootElement.GetProperty("cases").EnumerateArray())
        {
            // After the reference's own tokens, so that one near tie does not change all that follows.
            var (prompt, expected) = (Tokens(item, "prompt_tokens"), Tokens(item, "greedy_tokens"));
            model.Engine.Prefill(0, prompt, level: 0);
            for (var i = 0; i < expected.Length; i++)
            {
                var logits = model.Engine.Logits(0);
                var margin = logits[model.Likeliest()] - logits[expected[i]];
                (tokens, equal) = (tokens + 1, equal + (margin == 0 ? 1 : 0));
                // The kernels round activations to 8 bits: margins move by 0.2, and the reference has some of 0.03.
                Assert.InRange(margin, 0, 0.6f);
                model.Engine.Decode([expected[i]], [prompt.Length + i], level: 0);
            }
        }
        output.WriteLine($"{equal} of {tokens} tokens equal");
        Assert.InRange(equal, tokens * 9 / 10, tokens);
    }

    [Fact]
    [Trait("Tier", "long")]
    public void Kept_weights_answer_like_the_reference_token_for_token_where_activations_stay_in_fp32()
    {
        using (Import(QuantizationMethod.Keep))
        {
        }
        PreciseActivations(_folder.File("package"));
        using var model = Load();
        AssertAnswers(model);
    }

    /// <remarks>Rounded to nearest it has 16.7, with awq 14.74 (docs/PERFORMANCE.md). Calibration takes
    /// minutes.</remarks>
    [Fact]
    [Trait("Tier", "long")]
    public void With_channels_scaled_by_their_activations_it_loses_half_of_what_plain_rounding_loses()
    {
        using var model = Import(QuantizationMethod.Awq);
        Assert.InRange(Perplexity(model), 13, ReferencePerplexity + ((16.69 - ReferencePerplexity) / 2));
    }

    public void Dispose() => _folder.Dispose();

    private RunningModel Import(QuantizationMethod quantization)
    {
        var package = _folder.File("package");
        TinyModel.Import(new ImportOptions
        {
            Source = Repository.SharedPath("models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
            Output = package,
            Quantization = quantization,
        });
        return Load();
    }

    private RunningModel Load() => RunningModel.Load(_folder.File("package"), new EngineOptions
    {
        Threads = RunningModel.Threads,
        Context = 2 * Window,
        LogitRows = 64,
    });

    /// <summary>Tells every MatMulNBits of the package to leave its input as it is.</summary>
    private static void PreciseActivations(string package)
    {
        var path = Path.Combine(package, "level-0.onnx");
        var before = File.ReadAllBytes(path);
        var graph = ModelProto.Parser.ParseFrom(before);
        foreach (var level in Nodes(graph.Graph).SelectMany(node => node.Attribute)
            .Where(attribute => attribute.Name == "accuracy_level"))
        {
            level.I = 0;
        }
        var after = graph.ToByteArray();
        File.WriteAllBytes(path, after);
        var manifest = Path.Combine(package, PackageManifest.FileName);
        static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
        File.WriteAllText(manifest, File.ReadAllText(manifest)
            .Replace(Hash(before), Hash(after), StringComparison.Ordinal)
            .Replace($"\"size_bytes\": {before.Length},", $"\"size_bytes\": {after.Length},",
                StringComparison.Ordinal));
    }

    private static IEnumerable<NodeProto> Nodes(GraphProto graph) => graph.Node.Concat(
        graph.Node.SelectMany(node => node.Attribute).Where(attribute => attribute.G is not null)
            .SelectMany(attribute => Nodes(attribute.G)));

    private static JsonDocument Reference() => JsonDocument.Parse(
        File.ReadAllBytes(Repository.SharedPath("models/smollm2/reference.json")));

    private static double Perplexity(RunningModel model)
    {
        var tokens = new List<int>();
        model.Package.Tokenizer.Encode(
            File.ReadAllText(Repository.SharedPath("models/smollm2/perplexity.txt")), tokens, recogniseSpecial: false);
        return PerplexityEvaluation.Run(model.Engine, [.. tokens.Take(2 * Window)], Window, level: 0,
            TestContext.Current.CancellationToken).Perplexity;
    }

    private static void AssertAnswers(RunningModel model)
    {
        using var reference = Reference();
        foreach (var item in reference.RootElement.GetProperty("cases").EnumerateArray())
        {
            var prompt = model.Package.EncodePrompt(
                [("user", item.GetProperty("prompt").GetString()!)]);
            Assert.Equal(Tokens(item, "prompt_tokens"), prompt);
            var expected = Tokens(item, "greedy_tokens");
            var answer = model.Greedy(prompt, 0, _ => 0, expected.Length);
            Assert.Equal(expected, answer);
            Assert.Equal(item.GetProperty("greedy_text").GetString()!.Trim(),
                model.Package.Tokenizer.Decode(answer).Trim());
        }
    }

    private static int[] Tokens(JsonElement item, string name) =>
        [.. item.GetProperty(name).EnumerateArray().Select(token => token.GetInt32())];
}
