using EdgeAgent.Pruning;

namespace EdgeAgent.Tests.Pruning;

public sealed class GovernorTests
{
    [Fact]
    public void Reading_the_plan_allocates_nothing()
    {
        var governor = new GovernorBench().Governor;
        var levels = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            var plan = governor.Plan;
            levels += plan.Level + plan.PauseAfter(TimeSpan.FromMilliseconds(8)).Milliseconds;
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, levels);
    }

    [Fact]
    public void The_report_counts_time_per_level_and_above_the_limit()
    {
        var bench = new GovernorBench();
        bench.Look(10);
        bench.Set("soc_temperature", 82, limit: 80);
        bench.Look(5);
        var report = bench.Governor.Take();
        Assert.InRange(report.AboveLimit.TotalSeconds, 4.7, 5);
        Assert.InRange(report.AtLevel[0].TotalSeconds, 9.7, 10.3);
        Assert.InRange(report.AtLevel[3].TotalSeconds, 4.5, 5);
        Assert.Equal(1, report.LevelChanges);
    }

    [Fact]
    public void A_change_is_told_with_the_plan_before_and_the_plan_now()
    {
        var bench = new GovernorBench();
        var told = new List<(PruningPlan Before, PruningPlan Now)>();
        bench.Governor.Changed += (before, now) => told.Add((before, now));
        bench.Look(5);
        Assert.Empty(told);
        bench.Set("throttled", 1);
        bench.Look();
        Assert.Equal((0, 3, LevelCause.Throttled), (told[0].Before.Level, told[0].Now.Level, told[0].Now.Cause));
    }
}
