using EdgeAgent.Pruning;
using EdgeAgent.Sensors;

namespace EdgeAgent.Tests.Pruning;

public sealed class GovernorPolicyTests
{
    [Fact]
    public void A_cool_idle_board_computes_everything()
    {
        var plan = new GovernorBench().Look(600);
        Assert.Equal((0, 1.0, 1.0, Admission.Accept), (plan.Level, plan.Pace, plan.ClockShare, plan.Admission));
        Assert.True(plan.InGroups);
        Assert.False(plan.FreeCaches);
    }

    [Theory]
    [InlineData("queue_delay", 4.0, "Queue")]
    [InlineData("deadline_slack", -0.5, "Deadline")]
    [InlineData("memory_available", 40e6, "Memory")]
    [InlineData("throttled", 1.0, "Throttled")]
    [InlineData("soc_temperature", 80.0, "Temperature")]
    public void Each_input_raises_the_level_within_half_a_second_and_says_why(string name, double value, string cause)
    {
        var bench = new GovernorBench();
        bench.Look(5);
        bench.Set(name, value, limit: name == "soc_temperature" ? 80 : null);
        var plan = bench.Look(0.5);
        Assert.True(plan.Level > 0, $"level {plan.Level}");
        Assert.Equal(cause, plan.Cause.ToString());
        Assert.NotEmpty(plan.Reason);
    }

    [Fact]
    public void A_level_that_costs_no_accuracy_is_taken_before_pace()
    {
        var bench = new GovernorBench(accuracies: GovernorBench.Nano);
        bench.Look(5);
        bench.Set("soc_temperature", 73, limit: 80);
        var plan = bench.Look(5);
        Assert.Equal((1, 1.0), (plan.Level, plan.Pace));
    }

    [Fact]
    public void Pace_goes_before_a_level_that_costs_accuracy()
    {
        var bench = new GovernorBench();
        bench.Look(5);
        bench.Set("soc_temperature", 74.8, limit: 80);
        var plan = bench.Look(1);
        Assert.True(plan.Pace < 1, $"pace {plan.Pace}");
        Assert.Equal(0, plan.Level);
    }

    [Fact]
    public void A_board_near_its_limit_leaves_its_groups_until_it_is_cooler()
    {
        var bench = new GovernorBench();
        bench.Set("soc_temperature", 77, limit: 80);
        Assert.False(bench.Look(30).InGroups);
        bench.Set("soc_temperature", 76, limit: 80);
        Assert.False(bench.Look(30).InGroups);
        bench.Set("soc_temperature", 70, limit: 80);
        Assert.True(bench.Look(30).InGroups);
    }

    [Fact]
    public void The_clock_is_limited_only_where_the_operator_allows_it()
    {
        var without = new GovernorBench();
        var with = new GovernorBench(new() { Means = GovernorMeans.Pace | GovernorMeans.Level | GovernorMeans.Clock });
        foreach (var bench in new[] { without, with })
        {
            bench.Look(5);
            bench.Set("soc_temperature", 74.8, limit: 80);
            bench.Look(1);
        }
        Assert.Equal(1, without.Plan.ClockShare);
        Assert.True(with.Plan.ClockShare < 1 && with.Plan.Pace >= without.Plan.Pace);
    }

    [Fact]
    public void The_trend_sheds_load_before_the_limit_is_crossed()
    {
        var rising = new GovernorBench();
        rising.Look(10, i => rising.Set("soc_temperature", 60 + i * 0.25, limit: 80)); // 1 K/s, ends at 69.75 °C
        var still = new GovernorBench();
        still.Set("soc_temperature", 69.75, limit: 80);
        still.Look(10);
        Assert.True(rising.Plan.Pace < still.Plan.Pace, $"{rising.Plan.Pace} and {still.Plan.Pace}");
    }

    [Fact]
    public void The_level_rises_at_most_one_step_a_dwell_unless_it_is_critical()
    {
        var bench = new GovernorBench();
        bench.Set("queue_delay", 30);
        bench.Look(9);
        Assert.Equal(1, bench.Plan.Level);
        bench.Look(3);
        Assert.Equal(2, bench.Plan.Level);
        bench.Set("soc_temperature", 81, limit: 80);
        Assert.Equal(3, bench.Look(0.25).Level);
    }

    [Theory]
    [InlineData("vanished")]
    [InlineData("frozen")]
    [InlineData("stale")]
    [InlineData("absurd")]
    public void An_unknown_temperature_makes_a_careful_plan_and_never_a_free_one(string how)
    {
        var bench = new GovernorBench();
        bench.Look(5);
        if (how == "vanished")
        {
            bench.Remove("soc_temperature");
        }
        else
        {
            bench.Set("soc_temperature", 50, 80, Enum.Parse<ReadingState>(how, ignoreCase: true));
        }
        var plan = bench.Look(60);
        Assert.Equal((LevelCause.TemperatureUnknown, 1, 1), (plan.Cause, plan.Level, plan.Sequences));
        Assert.True(plan.Pace <= HeatRules.BlindBudget && !plan.InGroups);
        Assert.True(bench.Governor.Take().Blind > TimeSpan.FromSeconds(50));
        bench.Set("soc_temperature", 50, limit: 80);
        plan = bench.Look(1200);
        Assert.Equal((0, 1.0), (plan.Level, plan.Pace));
    }

    [Fact]
    public void A_reading_older_than_its_age_limit_counts_as_unknown()
    {
        var bench = new GovernorBench();
        bench.Look(5);
        var old = bench.Snapshot();
        bench.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(LevelCause.TemperatureUnknown, bench.Governor.Update(old).Cause);
    }

    [Fact]
    public void A_board_that_never_had_a_temperature_is_not_held_back_for_it()
    {
        var bench = new GovernorBench();
        bench.Remove("soc_temperature");
        Assert.Equal((0, 1.0), (bench.Look(60).Level, bench.Plan.Pace));
    }

    [Fact]
    public void A_jump_of_200_degrees_and_back_leaves_no_trace_after_recovery()
    {
        var bench = new GovernorBench();
        bench.Look(5);
        bench.Set("soc_temperature", 250, limit: 80);
        Assert.Equal(3, bench.Look(0.5).Level);
        bench.Set("soc_temperature", 50, limit: 80);
        Assert.Equal((0, 1.0, Admission.Accept), (bench.Look(3600).Level, bench.Plan.Pace, bench.Plan.Admission));
    }

    [Fact]
    public void Short_memory_closes_larger_graphs_and_frees_caches_before_the_level_rises()
    {
        var bench = new GovernorBench();
        bench.Set("memory_available", 100e6);
        var plan = bench.Look(1);
        Assert.Equal((0, true, 1, 0.5), (plan.Level, plan.FreeCaches, plan.Sequences, plan.ContextShare));
        bench.Set("memory_available", 50e6);
        plan = bench.Look(1);
        Assert.Equal((1, 1), (plan.Level, plan.OpenFrom));
    }

    [Fact]
    public void Beyond_the_last_level_requests_are_refused_with_a_time_to_retry()
    {
        var bench = new GovernorBench();
        bench.Set("queue_delay", 20);
        var plan = bench.Look(60);
        Assert.Equal((3, Admission.Refuse), (plan.Level, plan.Admission));
        Assert.Equal(TimeSpan.FromSeconds(20), plan.RetryAfter);
        Assert.False(plan.InGroups);
        bench.Set("queue_delay", 0);
        Assert.Equal(Admission.Accept, bench.Look(1).Admission);
    }

    [Fact]
    public void A_pinned_level_stays_while_pace_still_holds_the_limit()
    {
        var bench = new GovernorBench(new() { PinnedLevel = 2 });
        Assert.Equal((2, LevelCause.Pinned), (bench.Look(60).Level, bench.Plan.Cause));
        bench.Set("soc_temperature", 79.9, limit: 80);
        Assert.Equal(2, bench.Look(10).Level);
        Assert.True(bench.Plan.Pace < 0.5);
        Assert.Throws<GovernorLimitsException>(() => new GovernorBench(new() { PinnedLevel = 9 }));
    }

    [Fact]
    public void At_the_limit_a_pinned_level_stays_and_the_board_takes_no_more_work()
    {
        var bench = new GovernorBench(new() { PinnedLevel = 0 });
        bench.Look(5);
        bench.Set("soc_temperature", 80.5, limit: 80);
        bench.Look(20);
        Assert.Equal((0, LevelCause.Pinned), (bench.Plan.Level, bench.Plan.Cause));
        Assert.Equal((HeatRules.LeastBudget, Admission.Refuse), (bench.Plan.Pace, bench.Plan.Admission));
        bench.Set("soc_temperature", 50, limit: 80);
        bench.Look(120);
        Assert.Equal((0, 1.0, Admission.Accept), (bench.Plan.Level, bench.Plan.Pace, bench.Plan.Admission));
    }

    [Fact]
    public void A_level_that_the_profile_asks_for_says_so()
    {
        var bench = new GovernorBench(new() { Profile = GovernorProfile.Battery });
        Assert.Equal((1, LevelCause.Profile), (bench.Look(60).Level, bench.Plan.Cause));
        Assert.Equal(LevelCause.None, new GovernorBench(new() { LowestLevel = 1 }).Look(60).Cause);
    }

    [Fact]
    public void A_watt_budget_is_kept_by_pace()
    {
        var bench = new GovernorBench(new() { PowerBudgetWatts = 4 });
        // A board of 2 W that draws 5 W more at full pace.
        bench.Look(600, _ => bench.Set("board_power", 2 + 5 * bench.Plan.Pace));
        Assert.InRange(2 + 5 * bench.Plan.Pace, 3.5, 4);
    }

    [Theory]
    [InlineData(nameof(GovernorProfile.Performance), 0, 1.0)]
    [InlineData(nameof(GovernorProfile.Balanced), 0, 1.0)]
    [InlineData(nameof(GovernorProfile.Quiet), 0, 0.7)]
    [InlineData(nameof(GovernorProfile.Battery), 1, 0.5)]
    public void Profiles_differ_in_level_and_pace_of_a_cool_board(string profile, int level, double pace)
    {
        var plan = new GovernorBench(new() { Profile = Enum.Parse<GovernorProfile>(profile) }).Look(600);
        Assert.Equal((level, pace), (plan.Level, plan.Pace));
    }

    [Fact]
    public void An_unchanged_plan_is_the_same_reference()
    {
        var bench = new GovernorBench();
        var before = bench.Look(5);
        Assert.Same(before, bench.Look(5));
    }

    [Fact]
    public void A_pause_keeps_the_pace()
    {
        var plan = new PruningPlan { Pace = 0.25 };
        Assert.Equal(TimeSpan.FromMilliseconds(30), plan.PauseAfter(TimeSpan.FromMilliseconds(10)));
        Assert.Equal(TimeSpan.Zero, PruningPlan.Free.PauseAfter(TimeSpan.FromMilliseconds(10)));
    }

    [Fact]
    public void A_reading_of_the_line_above_its_limit_raises_the_level_and_an_unknown_one_never_lowers_it()
    {
        var bench = new GovernorBench();
        bench.Set("line_belt", 61, limit: 60);
        Assert.Equal((1, LevelCause.Line), (bench.Look(5).Level, bench.Plan.Cause));
        Assert.Contains("line_belt 61 is above its limit 60", bench.Plan.Reason, StringComparison.Ordinal);
        bench.Set("line_belt", 40, limit: 60, state: ReadingState.Stale);
        Assert.Equal(1, bench.Look(1000).Level);
        bench.Set("line_belt", 40, limit: 60);
        Assert.Equal(0, bench.Look(1000).Level);
    }

    [Fact]
    public void A_reading_of_the_line_without_a_limit_moves_nothing()
    {
        var bench = new GovernorBench();
        bench.Set("line_belt", 1e9);
        Assert.Equal(0, bench.Look(60).Level);
    }

    [Fact]
    public void A_power_sensor_that_falls_silent_is_unknown_and_does_not_steer_with_its_last_value()
    {
        var bench = new GovernorBench(new() { PowerBudgetWatts = 10 });
        bench.Set("board_power", 12);
        bench.Look(60);
        bench.Set("board_power", 12, state: ReadingState.Failed);
        var plan = bench.Look(600);
        Assert.InRange(plan.Pace, 0.3, 0.6);
        bench.Set("board_power", 5);
        Assert.Equal(1, bench.Look(3000).Pace);
    }

    [Fact]
    public void A_thermometer_that_never_worked_is_unknown_and_not_fine()
    {
        var bench = new GovernorBench();
        bench.Set("soc_temperature", double.NaN, state: ReadingState.Failed);
        var plan = bench.Look(30);
        Assert.Equal((1, LevelCause.TemperatureUnknown), (plan.Level, plan.Cause));
        Assert.True(plan.Pace <= 0.5, $"{plan}");
    }

    [Fact]
    public void A_board_without_a_thermometer_is_not_blind()
    {
        var bench = new GovernorBench();
        bench.Remove("soc_temperature");
        Assert.Equal((0, 1.0), (bench.Look(60).Level, bench.Plan.Pace));
    }
}
