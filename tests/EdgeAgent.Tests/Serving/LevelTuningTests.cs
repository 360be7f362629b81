using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.Serving;

/// <summary>What `tune` measures of the embedded model.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class LevelTuningTests(ServedNano nano) : IClassFixture<ServedNano>
{
    [Fact]
    public void Every_level_is_measured_in_every_round_and_without_a_sensor_there_is_no_energy()
    {
        var tuning = Opened(new EnergyMeter(TimeProvider.System));
        for (var i = 0; i < 3; i++)
        {
            tuning.Round(TimeSpan.Zero, CancellationToken.None);
        }
        var speeds = tuning.Result();
        Assert.Equal((nano.Model.Name, 3, 4), (speeds.Model, speeds.Rounds, speeds.Levels.Count));
        Assert.Equal((LevelTuning.PromptTokens, LevelTuning.AnswerTokens), (speeds.PromptTokens, speeds.AnswerTokens));
        Assert.All(speeds.Levels, level =>
        {
            Assert.True(level.DecodeTokensPerSecond > 1 && level.PromptTokensPerSecond > 1);
            Assert.InRange(level.ResidentBytes, 1_000_000, 100_000_000_000);
            Assert.Null(level.JoulesPerToken);
            Assert.Null(level.JoulesAboveIdlePerToken);
        });
        Assert.Null(speeds.IdleWatts);
    }

    [Fact]
    public void With_a_power_sensor_the_energy_of_a_token_is_power_over_speed()
    {
        var meter = new EnergyMeter(TimeProvider.System);
        var tuning = Opened(meter);
        using var reading = new Timer(_ => meter.Observe(Watts(5)), null, 0, 5);
        tuning.Round(TimeSpan.FromMilliseconds(200), CancellationToken.None);
        var speeds = tuning.Result();
        // Constant power: joules per token times tokens per second of all measured turns is 5 W. The mean of turns
        // stands against their median here, so only the order of size is asserted.
        Assert.All(speeds.Levels, level =>
            Assert.InRange(level.JoulesPerToken!.Value * level.DecodeTokensPerSecond, 2.5, 20));
    }

    [Fact]
    public void A_measured_turn_lasts_until_power_was_read_four_times_while_tokens_came()
    {
        var meter = new EnergyMeter(TimeProvider.System);
        var tuning = Opened(meter, new CountingClock());
        using var reading = new Timer(_ => meter.Observe(Watts(5)), null, 0, 100);
        tuning.Round(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        Assert.True(meter.ComputingReadings >= 4 * tuning.LevelCount, $"{meter.ComputingReadings}");
        Assert.All(tuning.Result().Levels, level => Assert.NotNull(level.JoulesPerToken));
    }

    [Fact]
    public void A_round_ends_between_two_turns_when_it_is_told_to()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var tuning = Opened(new EnergyMeter(TimeProvider.System));
        Assert.Throws<OperationCanceledException>(() => tuning.Round(TimeSpan.FromHours(1), stop.Token));
    }

    private static SensorSnapshot Watts(double watts)
    {
        var now = TimeProvider.System.GetTimestamp();
        return new SensorSnapshot(now, [new Reading("board_power", watts, "watts", null, now, "test")]);
    }

    private LevelTuning Opened(EnergyMeter meter, TimeProvider? time = null)
    {
        var tuning = new LevelTuning(nano.Model, meter, time ?? TimeProvider.System);
        for (var level = 0; level < tuning.LevelCount; level++)
        {
            tuning.Open(level);
        }
        return tuning;
    }

    /// <summary>A millisecond passes with each look at it: one answer outlasts a turn of 1 ms.</summary>
    private sealed class CountingClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Interlocked.Increment(ref _now);
    }
}
