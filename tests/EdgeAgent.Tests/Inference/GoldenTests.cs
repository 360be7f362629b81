namespace EdgeAgent.Tests.Inference;

/// <summary>
/// Nano's package answers like PyTorch: tokens at every level, levels mixed over one cache, and logits.
/// </summary>
[Collection(OneEngineAtATime.Name)]
public sealed class GoldenTests(NanoPackages packages)
{
    private const float Int4Deviation = 2e-2f;
    private const float Fp32Deviation = 1e-3f;

    public static TheoryData<string> Quantizations => ["rtn", "none"];

    [Fact]
    public void Every_prompt_becomes_the_tokens_of_the_reference()
    {
        Assert.Equal(36, NanoReference.Cases.Count);
        Assert.All(NanoReference.Cases, reference =>
            Assert.Equal(reference.PromptTokens, packages.Int4.Package.EncodePrompt(reference.Prompt)));
    }

    [Theory]
    [MemberData(nameof(Quantizations))]
    public void The_greedy_answer_of_every_prompt_is_that_of_the_reference(string quantization)
    {
        var model = packages.Of(quantization);
        Assert.All(NanoReference.Cases, reference =>
        {
            var answer = model.Greedy(reference.PromptTokens, 0, _ => 0);
            Assert.Equal(reference.GreedyTokens, answer);
            Assert.Equal(reference.Text, model.Package.Tokenizer.Decode(answer));
        });
    }

    [Theory]
    [MemberData(nameof(Quantizations))]
    public void The_greedy_answer_at_every_higher_level_is_that_of_the_reference(string quantization)
    {
        var model = packages.Of(quantization);
        var cases = NanoReference.Cases.Where(reference => reference.Levels is not null).ToArray();
        Assert.Equal(12, cases.Length);
        Assert.All(cases, reference =>
        {
            Assert.Equal(model.Engine.LevelCount - 1, reference.Levels!.Length);
            for (var level = 1; level < model.Engine.LevelCount; level++)
            {
                var expected = reference.Levels[level - 1].GreedyTokens;
                Assert.Equal(expected, model.Greedy(reference.PromptTokens, level, _ => level));
            }
        });
    }

    [Theory]
    [MemberData(nameof(Quantizations))]
    public void An_answer_whose_level_changes_at_every_token_is_that_of_the_reference(string quantization)
    {
        var model = packages.Of(quantization);
        var cases = NanoReference.Cases.Select(reference => (reference.PromptTokens, reference.Mixed))
            .Where(pair => pair.Mixed is not null).ToArray();
        Assert.Equal(12, cases.Length);
        Assert.Equal(6, cases.Count(pair => pair.Mixed!.LastLogits is not null));
        Assert.All(cases, pair =>
        {
            var (prompt, mixed) = (pair.PromptTokens, pair.Mixed!);
            var answer = model.Greedy(prompt, 0, k => mixed.Pattern[k % mixed.Pattern.Length]);
            Assert.Equal(mixed.GreedyTokens, answer);
            if (mixed.LastLogits is not null)
            {
                Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), mixed.LastLogits), 0,
                    Limit(quantization));
            }
        });
    }

    [Theory]
    [MemberData(nameof(Quantizations))]
    public void Logits_after_the_prompt_are_those_of_the_reference_at_every_level(string quantization)
    {
        var model = packages.Of(quantization);
        var cases = NanoReference.Cases.Where(reference => reference.LastLogits is not null).ToArray();
        Assert.Equal(4, cases.Length);
        Assert.All(cases, reference =>
        {
            Assert.Equal(model.Engine.LevelCount, reference.LastLogits!.Length);
            for (var level = 0; level < model.Engine.LevelCount; level++)
            {
                model.Engine.Prefill(0, reference.PromptTokens, level);
                var deviation = NanoReference.Deviation(model.Engine.Logits(0), reference.LastLogits[level]);
                Assert.InRange(deviation, 0, Limit(quantization));
            }
        });
    }

    private static float Limit(string quantization) => quantization == "none" ? Fp32Deviation : Int4Deviation;
}
