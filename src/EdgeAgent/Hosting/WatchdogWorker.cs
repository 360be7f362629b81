using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Hosting;

/// <summary>Feeds systemd's watchdog as long as every loop of the agent makes progress, and names the loop that
/// does not.</summary>
internal sealed partial class WatchdogWorker(
    LoopBeats beats, Notices notices, SystemdEnvironment systemd, TimeProvider time, ILogger<WatchdogWorker> logger)
    : BackgroundService
{
    // By loop: when it was first found silent. Only this worker's loop touches it.
    private readonly Dictionary<LoopBeat, long> _late = [];

    /// <remarks>The ping is due at half of the interval. Where a loop is late then, we look again every sixteenth: a
    /// loop that comes back before the interval ends saves the agent, one that does not costs a restart.</remarks>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (systemd.WatchdogInterval is not { } interval || !notices.IsEnabled)
        {
            LogNoWatchdog();
            return;
        }
        LogWatching(interval.TotalSeconds);
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = TryPing() ? interval / 2 : interval / 16;
            await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends one WATCHDOG=1 where all loops have beaten since the last one.</summary>
    internal bool TryPing()
    {
        var loops = beats.Loops;
        var now = time.GetTimestamp();
        var allBeat = true;
        foreach (var loop in loops)
        {
            if (loop.HasBeaten)
            {
                NoteBack(loop, now);
            }
            else
            {
                allBeat = false;
                NoteLate(loop, now);
            }
        }
        if (!allBeat)
        {
            return false;
        }
        // Cleared before the ping: a beat that comes while we send belongs to the next one.
        foreach (var loop in loops)
        {
            loop.Clear();
        }
        return notices.Watchdog();
    }

    private void NoteLate(LoopBeat loop, long now)
    {
        if (_late.TryAdd(loop, now))
        {
            LogLoopLate(loop.Name);
        }
    }

    private void NoteBack(LoopBeat loop, long now)
    {
        if (_late.Remove(loop, out var since))
        {
            LogLoopBack(loop.Name, time.GetElapsedTime(since, now).TotalSeconds);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "No watchdog waits for this process")]
    private partial void LogNoWatchdog();

    [LoggerMessage(Level = LogLevel.Debug, Message = "The watchdog is fed, its interval is {IntervalSeconds} s")]
    private partial void LogWatching(double intervalSeconds);

    [LoggerMessage(Level = LogLevel.Error, Message =
        "The loop {Loop} has made no progress since the last ping; no WATCHDOG=1 until it does")]
    private partial void LogLoopLate(string loop);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The loop {Loop} is back after {LateSeconds} s")]
    private partial void LogLoopBack(string loop, double lateSeconds);
}
