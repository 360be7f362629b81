using System.Text.Json;
using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>SmolLM2-135M-Instruct out of its GGUF file is the model that transformers runs.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class SmolLm2Tests : IDisposable
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
        return RunningModel.Load(package, new EngineOptions
        {
            Threads = RunningModel.Threads,
            Context = 2 * Window,
            LogitRows = 64,
        });
    }

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
        using var reference = JsonDocument.Parse(
            File.ReadAllBytes(Repository.SharedPath("models/smollm2/reference.json")));
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
