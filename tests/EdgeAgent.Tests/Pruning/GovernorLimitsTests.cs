using EdgeAgent.Pruning;
using EdgeAgent.Tests.Hosting;

namespace EdgeAgent.Tests.Pruning;

public sealed class GovernorLimitsTests
{
    [Fact]
    public void The_defaults_hold_together() => Assert.Equal(3, From(new()).HighestLevel);

    [Fact]
    public void Limits_that_contradict_each_other_are_all_named_at_once()
    {
        var options = new GovernorOptions
        {
            TemperatureLimitCelsius = 90,
            MarginKelvin = 20,
            LowestLevel = 3,
            HighestLevel = 2,
            PinnedLevel = 1,
            Interval = TimeSpan.FromSeconds(2),
            ReadingAge = TimeSpan.FromSeconds(1),
            Dwell = TimeSpan.FromSeconds(1),
            Recovery = TimeSpan.FromSeconds(0.5),
            Means = GovernorMeans.None,
            Sequences = 0,
        };
        var faults = Assert.Throws<GovernorLimitsException>(() => From(options)).Faults;
        foreach (var name in new[]
        {
            "temperature_limit_celsius", "margin_kelvin", "lowest_level", "pinned_level", "reading_age", "dwell_s",
            "recovery_s", "means", "sequences",
        })
        {
            Assert.Contains(faults, fault => fault.StartsWith(name, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_level_that_the_model_lacks_is_refused() =>
        Assert.Throws<GovernorLimitsException>(() => From(new() { HighestLevel = 4 }));

    [Fact]
    public void A_pinned_level_that_leaves_nothing_to_shed_load_with_is_refused()
    {
        Assert.Throws<GovernorLimitsException>(() => From(new() { PinnedLevel = 1, Means = GovernorMeans.Level }));
        Assert.Equal(1, From(new() { PinnedLevel = 1, Means = GovernorMeans.Pace }).Options.PinnedLevel);
    }

    [Fact]
    public void A_level_is_free_only_while_no_measured_accuracy_is_lost()
    {
        Assert.Equal(1, GovernorLimits.From(new(), GovernorBench.Nano, new ManualClock()).FreeLevel);
        Assert.Equal(0, From(new()).FreeLevel);
        Assert.Equal(0, GovernorLimits.From(new(), [0.9, null], new ManualClock()).FreeLevel);
    }

    private static GovernorLimits From(GovernorOptions options) =>
        GovernorLimits.From(options, GovernorBench.Costly, new ManualClock(), boardTripCelsius: 80);
}
