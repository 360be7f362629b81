using EdgeAgent.Pruning;

namespace EdgeAgent.Tests.Pruning;

public sealed class GovernorPropertyTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void After_any_readings_a_board_without_strain_always_recovers(int seed)
    {
        var bench = new GovernorBench();
        var random = new Random(seed);
        bench.Look(900, _ => Shake(bench, random));
        Calm(bench);
        var plan = bench.Look(6 * 3600);
        Assert.True((plan.Level, plan.Pace, plan.Admission) == (0, 1.0, Admission.Accept), $"seed {seed}: {plan}");
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void No_readings_make_a_plan_outside_its_ranges(int seed)
    {
        var bench = new GovernorBench();
        var random = new Random(seed);
        var (lastLevel, sinceLevel) = (0, 1000.0);
        bench.Look(900, _ =>
        {
            Shake(bench, random);
            var plan = bench.Plan;
            Assert.InRange(plan.Level, 0, 3);
            Assert.InRange(plan.Pace, HeatRules.LeastBudget, 1);
            Assert.InRange(plan.ClockShare, 0.6, 1);
            Assert.True(plan.OpenFrom <= plan.Level && plan.Level <= plan.OpenTo && plan.Sequences >= 1);
            var isCritical = plan.Cause is LevelCause.Throttled or LevelCause.Temperature;
            Assert.True(plan.Level <= lastLevel || isCritical || sinceLevel >= 9.75, $"seed {seed}: {plan}");
            (sinceLevel, lastLevel) = (plan.Level == lastLevel ? sinceLevel + 0.25 : 0, plan.Level);
        });
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void More_pressure_never_gives_a_freer_plan(int seed)
    {
        var random = new Random(seed);
        var (cooler, hotter) = (new GovernorBench(), new GovernorBench());
        var (celsius, queue) = (55 + random.NextDouble() * 20, random.NextDouble() * 2);
        var (moreCelsius, moreQueue) = (random.NextDouble() * 6, random.NextDouble() * 3);
        for (var i = 0; i < 240; i++)
        {
            cooler.Set("soc_temperature", celsius, limit: 80);
            hotter.Set("soc_temperature", celsius + moreCelsius, limit: 80);
            cooler.Set("queue_delay", queue);
            hotter.Set("queue_delay", queue + moreQueue);
            var (free, held) = (cooler.Look(), hotter.Look());
            Assert.True(held.Level >= free.Level && held.Pace <= free.Pace + 0.011 && held.Admission >= free.Admission,
                $"seed {seed}, look {i}:\n{free}\n{held}");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_load_that_needs_a_level_does_not_make_it_swing(int seed)
    {
        var bench = new GovernorBench();
        var random = new Random(seed);
        var needed = random.Next(1, 4);
        var queue = 0.0;
        var changes = 0;
        bench.Governor.Changed += (before, now) => changes += before.Level == now.Level ? 0 : 1;
        void Serve(int look)
        {
            // Below the level that the load needs, the queue grows; at it, the queue drains.
            queue = Math.Clamp(queue + (bench.Plan.Level < needed ? 0.05 : -0.05), 0, 20);
            bench.Set("queue_delay", queue);
        }
        bench.Look(2 * 3600, Serve);
        changes = 0;
        bench.Look(1800, Serve);
        Assert.True(changes <= 6, $"seed {seed}: {changes} changes in half an hour at a load for level {needed}");
    }

    private static void Shake(GovernorBench bench, Random random)
    {
        if (random.Next(8) == 0)
        {
            bench.Set("soc_temperature", random.Next(6) == 0 ? 200 - random.Next(400) : 40 + random.Next(45), 80);
        }
        if (random.Next(40) == 0)
        {
            bench.Remove("soc_temperature");
        }
        if (random.Next(8) == 0)
        {
            bench.Set("queue_delay", random.Next(3) * random.NextDouble() * 10);
            bench.Set("memory_available", random.NextDouble() * 1e9);
            bench.Set("throttled", random.Next(20) == 0 ? 1 : 0);
            bench.Set("board_power", random.Next(9) == 0 ? double.NaN : random.Next(30));
        }
    }

    private static void Calm(GovernorBench bench)
    {
        bench.Set("soc_temperature", 50, limit: 80);
        bench.Set("queue_delay", 0);
        bench.Set("memory_available", 1e9);
        bench.Set("throttled", 0);
    }
}
