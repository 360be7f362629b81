using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Pruning;
using EdgeAgent.Tests.Simulators;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Serving;

/// <summary>The power mode follows the plan where the operator allows it, and comes back at the end.</summary>
public sealed class PowerModeWorkerTests : IDisposable
{
    private readonly BoardFolder _board = new("jetson-orin-nano");
    private readonly FakeNvpmodel _fake;

    public PowerModeWorkerTests() => _fake = new FakeNvpmodel(_board, 2);

    public void Dispose()
    {
        _fake.Dispose();
        _board.Dispose();
    }

    [Fact]
    public async Task A_hot_board_gets_a_lower_mode_and_its_own_one_back_when_the_agent_stops()
    {
        var bench = Bench();
        using var worker = await StartAsync(bench);
        Heat(bench);
        Assert.Equal(1, bench.Plan.PowerSteps);
        await Until(() => _fake.Mode == "pmode:0001");
        await worker.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal("pmode:0002", _fake.Mode);
        Assert.Equal(["-m 1", "-m 2"], _fake.Calls);
    }

    [Fact]
    public async Task A_board_that_refuses_leaves_the_heat_to_the_level()
    {
        _fake.Misbehave("reboot");
        var bench = Bench();
        using var worker = await StartAsync(bench);
        Heat(bench);
        // Every look moves the clock on, and with it the time that the program has.
        await Until(() => _fake.Calls.Length == 1);
        await Until(() => bench.Look().PowerSteps == 0);
        bench.Look(180);
        Assert.True(bench.Plan.Level > 0);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["-m 1"], _fake.Calls);
    }

    [Fact]
    public async Task A_stop_waits_three_seconds_for_a_program_that_hangs_and_the_next_start_gives_the_mode_back()
    {
        var bench = Bench();
        using var worker = await StartAsync(bench);
        Heat(bench);
        await Until(() => _fake.Mode == "pmode:0001");
        _fake.Misbehave("hang");
        var stop = worker.StopAsync(TestContext.Current.CancellationToken);
        await Until(() => _fake.Calls.Length == 2);
        Assert.False(stop.IsCompleted);
        bench.Clock.Advance(TimeSpan.FromSeconds(3));
        await stop;
        Assert.Equal("2 1", File.ReadAllText(Path.Combine(_fake.StateFolder, PowerModeSwitch.RecordFile)).Trim());
    }

    [Fact]
    public async Task A_stop_without_time_left_starts_nothing()
    {
        var bench = Bench();
        using var worker = await StartAsync(bench);
        Heat(bench);
        await Until(() => _fake.Mode == "pmode:0001");
        await worker.StopAsync(new CancellationToken(canceled: true));
        Assert.Equal(["-m 1"], _fake.Calls);
    }

    [Fact]
    public async Task A_fault_that_nobody_foresaw_gives_the_modes_up_and_the_agent_still_stops()
    {
        var bench = Bench();
        using var worker = await StartAsync(bench, new BrokenClock());
        Heat(bench);
        await Until(() => bench.Look().PowerSteps == 0);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(_fake.Calls);
    }

    private async Task<PowerModeWorker> StartAsync(GovernorBench bench, TimeProvider? time = null)
    {
        var modes = new PowerModeSwitch(_board.Root, _fake.StateFolder, time ?? bench.Clock, _fake.Program);
        var worker = new PowerModeWorker(
            bench.Governor, modes, bench.Clock, NullLogger<PowerModeWorker>.Instance);
        await worker.StartAsync(TestContext.Current.CancellationToken);
        return worker;
    }

    private static GovernorBench Bench() => new(
        new() { Means = GovernorMeans.Pace | GovernorMeans.Level | GovernorMeans.PowerMode }, powerModes: 1);

    private static void Heat(GovernorBench bench)
    {
        bench.Look(1);
        bench.Set("soc_temperature", 78.9, limit: 80);
        bench.Look(60);
    }

    private static async Task Until(Func<bool> isReached)
    {
        while (!isReached())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Throws what no caller of a timer expects.</summary>
    private sealed class BrokenClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            throw new NotSupportedException("no timers");
    }
}
