using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Hosting;

/// <summary>Whether the agent can do its job: it can once the model has produced a token.</summary>
internal sealed partial class Readiness
{
    private readonly Notices _notices;
    private readonly StatusLine _status;
    private readonly ILogger<Readiness> _logger;
    private int _isReady;

    public Readiness(Notices notices, StatusLine status, ILogger<Readiness> logger)
    {
        (_notices, _status, _logger) = (notices, status, logger);
        status.Set(StatusPart.State, "loading");
    }

    public bool IsReady => Volatile.Read(ref _isReady) == 1;

    /// <summary>Says that the model has produced a token; systemd hears READY=1. Any thread; only the first call
    /// counts. The broker is not awaited: an agent without one is ready and says so in its status.</summary>
    public void MarkReady()
    {
        if (Interlocked.Exchange(ref _isReady, 1) == 0)
        {
            _status.Set(StatusPart.State, "ready");
            _notices.Status(_status.Text);
            _notices.Ready();
            LogReady();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Ready: the model has produced a token")]
    private partial void LogReady();
}

/// <summary>Tells systemd that the agent needs more time while it loads, and that it stops.</summary>
internal sealed partial class LifetimeWorker(
    Readiness readiness, Notices notices, StatusLine status, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<LifetimeWorker> logger) : BackgroundService
{
    /// <summary>The longest load that is no hang: 8 GB from an SD card at 20 MB/s take 7 minutes.</summary>
    internal static readonly TimeSpan LongestLoad = TimeSpan.FromMinutes(15);

    // Asked for every 10 s, so that two notices may be lost.
    private static readonly TimeSpan Extension = TimeSpan.FromSeconds(30);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(SayStopping);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = time.GetTimestamp();
        var isStopping = () => stoppingToken.IsCancellationRequested;
        while (!isStopping() && !readiness.IsReady && time.GetElapsedTime(started) < LongestLoad)
        {
            notices.ExtendTimeout(Extension);
            await Task.Delay(Extension / 3, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (!isStopping() && !readiness.IsReady)
        {
            LogLoadTooLong(LongestLoad.TotalMinutes);
        }
    }

    private void SayStopping()
    {
        status.Set(StatusPart.State, "stopping");
        notices.Status(status.Text);
        notices.Stopping();
        LogStopping();
    }

    [LoggerMessage(Level = LogLevel.Error, Message =
        "The model has produced no token in {Minutes} minutes; systemd gets no more requests for time")]
    private partial void LogLoadTooLong(double minutes);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping")]
    private partial void LogStopping();
}
