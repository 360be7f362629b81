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
        Assert.Null(speeds.SecondsLeft(1, promptTokens: 100, answerTokens: 40));
        speeds.Begin(Tuned((80, 400), (100, 500)));
        Assert.Equal(0.25 + 0.5, speeds.SecondsLeft(0, promptTokens: 100, answerTokens: 40)!.Value, 9);
        Assert.Equal(0.2 + 0.4, speeds.SecondsLeft(1, promptTokens: 100, answerTokens: 40)!.Value, 9);
    }

    [Fact]
    public void Steps_that_are_slower_than_what_was_tuned_take_over()
    {
        var speeds = new StepSpeeds(Levels(1));
        speeds.Begin(Tuned((100, 500)));
        for (var i = 0; i < 100; i++)
        {
            speeds.Decoded(0, TimeSpan.FromMilliseconds(20));
        }
        Assert.Equal(0.02, speeds.SecondsLeft(0, promptTokens: 0, answerTokens: 1)!.Value, 4);
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
