using EdgeAgent.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Hosting;

public sealed class ReadinessTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly NotifySocket _systemd = new();
    private readonly StatusLine _status = new();
    private readonly StopSwitch _stop = new();

    public void Dispose()
    {
        _systemd.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Ready_is_said_once_and_with_the_status_of_that_moment()
    {
        var readiness = NewReadiness();
        _status.Set(StatusPart.Model, "nano@1.0.0");
        Assert.False(readiness.IsReady);

        readiness.MarkReady();
        readiness.MarkReady();

        Assert.True(readiness.IsReady);
        Assert.Equal("STATUS=nano@1.0.0 · ready", await _systemd.ReceiveAsync());
        Assert.Equal("READY=1", await _systemd.ReceiveAsync());
        Assert.False(_systemd.HasMore);
    }

    [Fact]
    public async Task More_time_is_asked_for_while_the_model_loads_and_not_after()
    {
        var readiness = NewReadiness();
        using var worker = NewWorker(readiness);
        await worker.StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal("EXTEND_TIMEOUT_USEC=30000000", await _systemd.ReceiveAsync());
        await _clock.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("EXTEND_TIMEOUT_USEC=30000000", await _systemd.ReceiveAsync());

        readiness.MarkReady();
        Assert.StartsWith("STATUS=", await _systemd.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Equal("READY=1", await _systemd.ReceiveAsync());
        await _clock.AdvanceAsync(TimeSpan.FromSeconds(10));
        await worker.ExecuteTask!;
        Assert.False(_systemd.HasMore);
    }

    [Fact]
    public async Task A_load_without_an_end_gets_no_more_time()
    {
        // Nobody listens: a real socket would be full after a few of these notices.
        var nobody = new Notices(new SystemdNotifier(), NullLogger<Notices>.Instance);
        using var worker = new LifetimeWorker(
            NewReadiness(), nobody, _status, _stop, _clock, NullLogger<LifetimeWorker>.Instance);
        await worker.StartAsync(TestContext.Current.CancellationToken);

        await _clock.AdvanceAsync(LifetimeWorker.LongestLoad);

        await worker.ExecuteTask!;
    }

    [Fact]
    public async Task A_stop_is_said_at_its_beginning()
    {
        var readiness = NewReadiness();
        readiness.MarkReady();
        using var worker = NewWorker(readiness);
        await worker.StartAsync(TestContext.Current.CancellationToken);
        await worker.ExecuteTask!;

        _stop.StopApplication();

        Assert.Equal("STATUS=ready", await _systemd.ReceiveAsync());
        Assert.Equal("READY=1", await _systemd.ReceiveAsync());
        Assert.Equal("STATUS=stopping", await _systemd.ReceiveAsync());
        Assert.Equal("STOPPING=1", await _systemd.ReceiveAsync());
    }

    private Readiness NewReadiness() => new(_systemd.Notices, _status, NullLogger<Readiness>.Instance);

    private LifetimeWorker NewWorker(Readiness readiness) =>
        new(readiness, _systemd.Notices, _status, _stop, _clock, NullLogger<LifetimeWorker>.Instance);

    private sealed class StopSwitch : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }
}
