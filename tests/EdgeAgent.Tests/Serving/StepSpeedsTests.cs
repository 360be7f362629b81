using EdgeAgent.ModelPackage;
using EdgeAgent.Serving;

namespace EdgeAgent.Tests.Serving;

/// <summary>What is known of a board's speed before the first request, and how steps correct it.</summary>
public sealed class StepSpeedsTests
{
    [Fact]
    public void Before_anything_ran_a_board_that_was_tuned_knows_how_long_each_level_takes()
    {
        var speeds = new StepSpeeds(Levels(2));
        Assert.Null(speeds.SecondsLeft(1, promptTokens: 100, answerTokens: 40, RoundLoad.Alone));
        speeds.Begin(Tuned((80, 400), (100, 500)));
        Assert.Equal(0.25 + 0.5, speeds.SecondsLeft(0, promptTokens: 100, answerTokens: 40, RoundLoad.Alone)!.Value, 9);
        Assert.Equal(0.2 + 0.4, speeds.SecondsLeft(1, promptTokens: 100, answerTokens: 40, RoundLoad.Alone)!.Value, 9);
    }

    [Fact]
    public void Steps_that_are_slower_than_what_was_tuned_take_over()
    {
        var speeds = new StepSpeeds(Levels(1));
        speeds.Begin(Tuned((100, 500)));
        for (var i = 0; i < 100; i++)
        {
            speeds.Decoded(0, 1, TimeSpan.FromMilliseconds(20));
        }
        Assert.Equal(0.02, speeds.SecondsLeft(0, promptTokens: 0, answerTokens: 1, RoundLoad.Alone)!.Value, 4);
    }

    [Fact]
    public void What_is_computed_beside_a_request_counts_and_is_forgotten_when_it_is_alone_again()
    {
        var speeds = new StepSpeeds(Levels(1));
        for (var i = 0; i < 200; i++)
        {
            speeds.Decoded(0, 1, TimeSpan.FromMilliseconds(10));
            speeds.Decoded(0, 4, TimeSpan.FromMilliseconds(25));
            speeds.Prefilled(0, 100, TimeSpan.FromMilliseconds(200));
        }
        Assert.Equal(0.025, speeds.Answer(0, 1, sequences: 4)!.Value, 4);
        Assert.Equal(0.01, speeds.SecondsLeft(0, 0, 1, RoundLoad.Alone)!.Value, 4);
        // A chunk of 50 ms of another's prompt before each of two tokens; but no more than that prompt takes.
        Assert.Equal(0.03 + 0.1, speeds.SecondsLeft(0, 0, 2, new RoundLoad(2, 100_000))!.Value, 2);
        Assert.Equal(0.03 + 0.02, speeds.SecondsLeft(0, 0, 2, new RoundLoad(2, 10))!.Value, 2);
        // Its own prompt of 1 s is twenty chunks, and after each the other decodes a token.
        Assert.Equal(1 + (20 * 0.01), speeds.Prompt(0, 500, sequences: 2)!.Value, 3);
    }

    [Fact]
    public void The_short_rest_of_a_prompt_says_little_of_its_speed()
    {
        var speeds = new StepSpeeds(Levels(1));
        speeds.Decoded(0, 1, TimeSpan.FromMilliseconds(10));
        speeds.Prefilled(0, 64, TimeSpan.FromMilliseconds(64));
        speeds.Prefilled(0, 1, TimeSpan.FromMilliseconds(10));
        Assert.InRange(speeds.PromptToken(0)!.Value, 0.001, 0.00105);
    }

    private static PruningLevel[] Levels(int count) => [.. Enumerable.Range(0, count).Select(level => new PruningLevel
    {
        Level = level,
        FfnChannels = [64],
        BodyMultiplications = 1,
        BodyShare = 1,
        BytesPerToken = 1000,
    })];

    private static TunedSpeeds Tuned(params (double Decode, double Prompt)[] levels) => new()
    {
        Format = TunedSpeeds.CurrentFormat,
        Model = "nano@1.0.0",
        PackageSha256 = "",
        Threads = 1,
        Runtime = "1.30.0",
        Time = 0,
        PromptTokens = 128,
        AnswerTokens = 64,
        Rounds = 3,
        Levels = [.. levels.Select((speed, level) => new TunedLevel
        {
            Level = level,
            DecodeTokensPerSecond = speed.Decode,
            PromptTokensPerSecond = speed.Prompt,
            ResidentBytes = 1,
        })],
    };
}
