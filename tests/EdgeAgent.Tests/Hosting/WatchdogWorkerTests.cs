using EdgeAgent.Hosting;

namespace EdgeAgent.Tests.Hosting;

public sealed class WatchdogWorkerTests : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30);

    private static readonly string[] s_names = ["inference", "mqtt", "telemetry"];

    private readonly ManualClock _clock = new();
    private readonly LoopBeats _beats = new(s_interval);
    private readonly LogLines<WatchdogWorker> _log = new();
    private readonly NotifySocket _systemd = new();

    public void Dispose() => _systemd.Dispose();

    [Fact]
    public async Task A_ping_goes_out_at_half_of_the_interval_while_all_loops_beat()
    {
        var inference = _beats.Register("inference");
        using var worker = Worker();
        await worker.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal("WATCHDOG=1", await _systemd.ReceiveAsync());

        for (var i = 0; i < 3; i++)
        {
            inference.Beat();
            await _clock.AdvanceAsync(s_interval / 2);
            Assert.Equal("WATCHDOG=1", await _systemd.ReceiveAsync());
        }
        await worker.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(_systemd.HasMore);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_late_loop_stops_the_pings_whichever_it_is_and_is_named_once(int late)
    {
        var loops = s_names.Select(_beats.Register).ToArray();
        using var worker = Worker();
        Assert.True(worker.TryPing());

        for (var i = 0; i < 5; i++)
        {
            foreach (var loop in loops.Where(loop => loop != loops[late]))
            {
                loop.Beat();
            }
            _clock.Advance(s_interval / 16);
            Assert.False(worker.TryPing());
        }

        var line = Assert.Single(_log.Lines);
        Assert.StartsWith($"Error: The loop {loops[late].Name} has made no progress", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_that_comes_back_is_told_with_its_time_and_the_pings_go_on()
    {
        var loop = _beats.Register("mqtt");
        using var worker = Worker();
        worker.TryPing();
        Assert.False(worker.TryPing());

        _clock.Advance(TimeSpan.FromSeconds(4));
        loop.Beat();

        Assert.True(worker.TryPing());
        Assert.Equal("Warning: The loop mqtt is back after 4 s", _log.Lines[^1]);
    }

    [Fact]
    public async Task A_late_loop_is_looked_at_again_before_the_interval_ends()
    {
        var loop = _beats.Register("inference");
        using var worker = Worker();
        await worker.StartAsync(TestContext.Current.CancellationToken);
        await _systemd.ReceiveAsync();
        await _clock.AdvanceAsync(s_interval / 2);
        await _clock.AdvanceAsync(s_interval / 16);
        Assert.False(_systemd.HasMore);

        loop.Beat();
        await _clock.AdvanceAsync(s_interval / 16);

        Assert.Equal("WATCHDOG=1", await _systemd.ReceiveAsync());
        await worker.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_loop_that_never_beat_after_its_start_is_late()
    {
        using var worker = Worker();
        _beats.Register("mqtt");

        Assert.True(worker.TryPing());
        Assert.False(worker.TryPing());
    }

    [Fact]
    public void A_loop_that_ended_on_purpose_is_not_awaited()
    {
        var loop = _beats.Register("import");
        using var worker = Worker();
        worker.TryPing();

        loop.End();

        Assert.True(worker.TryPing());
    }

    [Fact]
    public async Task Without_a_watchdog_nothing_is_sent()
    {
        using var worker = new WatchdogWorker(_beats, _systemd.Notices, new SystemdEnvironment(), _clock, _log);
        await worker.StartAsync(TestContext.Current.CancellationToken);
        await worker.ExecuteTask!;

        Assert.False(_systemd.HasMore);
    }

    private WatchdogWorker Worker() => new(
        _beats, _systemd.Notices, new SystemdEnvironment { WatchdogInterval = s_interval }, _clock, _log);
}
