using EdgeAgent.Pruning;

namespace EdgeAgent.Tests.Pruning;

/// <summary>The power mode comes after the pace and before the level, step by step, and goes back in the same
/// way.</summary>
public sealed class PowerModeRulesTests
{
    [Fact]
    public void The_power_mode_goes_down_before_heat_raises_the_level()
    {
        var bench = Bench();
        bench.Look(5);
        Assert.Equal(0, bench.Plan.PowerSteps);
        bench.Set("soc_temperature", 78.9, limit: 80);
        bench.Look(60);
        Assert.Equal((1, 0), (bench.Plan.PowerSteps, bench.Plan.Level));
        bench.Look(120);
        Assert.Equal((2, 0), (bench.Plan.PowerSteps, bench.Plan.Level));
        bench.Look(240);
        Assert.Equal(2, bench.Plan.PowerSteps);
        Assert.True(bench.Plan.Level > 0);
    }

    [Fact]
    public void At_the_limit_the_last_level_does_not_wait_for_the_power_mode()
    {
        var bench = Bench();
        bench.Look(5);
        bench.Set("soc_temperature", 80, limit: 80);
        bench.Look(1);
        Assert.Equal((1, 3), (bench.Plan.PowerSteps, bench.Plan.Level));
    }

    [Fact]
    public void Requests_that_wait_raise_the_level_at_once()
    {
        var bench = Bench();
        bench.Look(5);
        bench.Set("queue_delay", 4);
        bench.Look(5);
        Assert.Equal((0, 1), (bench.Plan.PowerSteps, bench.Plan.Level));
    }

    [Fact]
    public void A_mode_comes_back_after_three_recoveries_of_calm_and_waits_longer_when_that_was_too_soon()
    {
        var bench = Bench();
        bench.Look(5);
        Heat(bench);
        Assert.Equal(1, bench.Plan.PowerSteps);
        Assert.InRange(Calm(bench), 360, 480);
        Heat(bench, 150);
        Assert.Equal(1, bench.Plan.PowerSteps);
        Assert.InRange(Calm(bench), 720, 840);
    }

    [Fact]
    public void Without_the_operators_word_or_a_lower_mode_nothing_changes()
    {
        var plain = new GovernorBench();
        var without = new GovernorBench(new() { Means = Means }, powerModes: 0);
        foreach (var bench in new[] { plain, without })
        {
            bench.Set("soc_temperature", 78.9, limit: 80);
            bench.Look(300);
        }
        Assert.Equal(plain.Plan, without.Plan);
        Assert.Equal(0, plain.Plan.PowerSteps);
    }

    [Fact]
    public void A_governor_that_gives_the_modes_up_asks_for_none()
    {
        var bench = Bench();
        bench.Look(5);
        Heat(bench);
        bench.Governor.GiveUpPowerModes();
        bench.Look(1);
        Assert.Equal(0, bench.Plan.PowerSteps);
    }

    [Fact]
    public void Clock_and_power_mode_together_are_refused() => Assert.Contains(
        "name one",
        Assert.Throws<GovernorLimitsException>(
            () => new GovernorBench(new() { Means = Means | GovernorMeans.Clock })).Message,
        StringComparison.Ordinal);

    private const GovernorMeans Means = GovernorMeans.Pace | GovernorMeans.Level | GovernorMeans.PowerMode;

    private static GovernorBench Bench() => new(new() { Means = Means }, powerModes: 2);

    private static void Heat(GovernorBench bench, double seconds = 60)
    {
        bench.Set("soc_temperature", 78.9, limit: 80);
        bench.Look(seconds);
    }

    private static double Calm(GovernorBench bench)
    {
        bench.Set("soc_temperature", 50, limit: 80);
        var seconds = 0.0;
        for (; bench.Plan.PowerSteps > 0 && seconds < 3600; seconds += 0.25)
        {
            bench.Look();
        }
        return seconds;
    }
}
