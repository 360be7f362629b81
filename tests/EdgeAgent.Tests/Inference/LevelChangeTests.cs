using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.Inference;

/// <summary>Changing the level at any token equals computing each token at its level from scratch.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class LevelChangeTests(NanoPackages packages, ITestOutputHelper output)
{
    /// <summary>
    /// Kernels for one row and for many rows round differently; the package's own limit of the reference.
    /// </summary>
    private const float RoundingDeviation = 2e-2f;

    private const int LongestPrompt = 64;
    private const int AnswerTokens = 24;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void An_answer_over_random_levels_equals_each_of_its_tokens_from_scratch(int seed)
    {
        output.WriteLine($"seed {seed}");
        var model = packages.Int4;
        var random = new Random(seed);
        var (tokens, levels, logits) = RunWithRandomLevels(model, random);

        for (var check = 0; check < 6; check++)
        {
            var position = check == 0 ? tokens.Length - 1 : random.Next(tokens.Length);
            model.Engine.Clear();
            model.FeedOneByOne(random.Next(RunningModel.Sequences), tokens.AsSpan(0, position + 1), levels);
            if (logits[position] is { } before)
            {
                Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), before), 0, RoundingDeviation);
            }
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void Logits_over_random_levels_are_those_of_a_plain_implementation_without_a_cache(int seed)
    {
        output.WriteLine($"seed {seed}");
        var model = packages.Fp32;
        var plain = new PlainModel(Path.GetDirectoryName(Repository.SharedPath("nano/model.safetensors"))!);
        var (tokens, levels, logits) = RunWithRandomLevels(model, new Random(seed));

        var channels = levels.Select(level => model.Package.Manifest.Levels[level].FfnChannels).ToArray();
        var expected = plain.Logits(tokens, channels);
        for (var position = 0; position < tokens.Length; position++)
        {
            if (logits[position] is { } computed)
            {
                Assert.InRange(NanoReference.Deviation(computed, expected[position]), 0, 1e-3f);
            }
        }
    }

    [Fact]
    public void A_level_that_was_closed_and_opened_again_goes_on_over_the_same_cache()
    {
        var model = packages.Int4;
        var reference = NanoReference.Cases[0];
        var closed = 0;
        var answer = model.Greedy(reference.PromptTokens, 0, k =>
        {
            _ = model.Engine.Close(k % 4);
            Assert.False(model.Engine.IsOpen(k % 4));
            closed++;
            return reference.Mixed!.Pattern[k % 5];
        });
        Assert.Equal(reference.Mixed!.GreedyTokens, answer);
        Assert.True(closed > 8);
    }

    /// <summary>A prompt in runs of random levels, then greedy tokens each at a random level.</summary>
    private static (int[] Tokens, int[] Levels, float[]?[] Logits) RunWithRandomLevels(RunningModel model,
        Random random)
    {
        var prompt = NanoReference.Cases[random.Next(NanoReference.Cases.Count)].PromptTokens;
        prompt = prompt[..Math.Min(prompt.Length, LongestPrompt)];
        var tokens = new List<int>(prompt);
        var levels = new List<int>();
        var logits = new List<float[]?>();
        model.Engine.Clear();
        while (levels.Count < prompt.Length)
        {
            var level = random.Next(model.Engine.LevelCount);
            var count = random.Next(1, Math.Min(9, prompt.Length - levels.Count + 1));
            model.Engine.Extend(0, prompt.AsSpan(levels.Count, count), levels.Count, level);
            levels.AddRange(Enumerable.Repeat(level, count));
            logits.AddRange(Enumerable.Repeat<float[]?>(null, count - 1));
            logits.Add(model.Engine.Logits(0).ToArray());
        }
        for (var k = 0; k < AnswerTokens; k++)
        {
            tokens.Add(model.Likeliest());
            levels.Add(random.Next(model.Engine.LevelCount));
            model.Engine.Decode([tokens[^1]], [tokens.Count - 1], levels[^1]);
            logits.Add(model.Engine.Logits(0).ToArray());
        }
        return ([.. tokens], [.. levels], [.. logits]);
    }
}
