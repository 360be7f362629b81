using EdgeAgent.Hosting;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>Keeps the plan in force: reads board and queue at every interval and lets the governor decide.</summary>
/// <remarks>On a thread of its own: a slow driver must not hold up answers, nor they the reading.</remarks>
internal sealed partial class PlanWorker(
    PlanParts parts, LoopBeats beats, AgentOptions options, TimeProvider time, ILogger<PlanWorker> logger)
    : BackgroundService
{
    /// <summary>Counters need two readings before they are a power.</summary>
    private const int LooksBeforeWarning = 8;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        LoopThread.RunAsync("pruning", () => RunAsync(stoppingToken));

    private async Task RunAsync(CancellationToken stop)
    {
        var beat = beats.Register("pruning");
        var pause = beats.PauseUpTo(parts.Governor.Interval);
        for (var look = 1; !stop.IsCancellationRequested; look++)
        {
            beat.Beat();
            parts.Load.Push();
            var snapshot = parts.Board.Read();
            if (parts.Governor.Update(snapshot) is var plan && !ReferenceEquals(plan, parts.InForce.Plan))
            {
                parts.InForce.Plan = plan;
                parts.Queue.Wake();
            }
            if (look == LooksBeforeWarning)
            {
                WarnOfBlindLimits(snapshot);
            }
            await Task.Delay(pause, time, stop).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        beat.End();
    }

    private void WarnOfBlindLimits(SensorSnapshot snapshot)
    {
        if (options.PruningPowerBudgetWatts is not null && snapshot.Good("board_power") is null)
        {
            LogBlind("pruning.power_budget_watts", "board_power");
        }
        if (options.PruningTemperatureLimitCelsius is not null && snapshot.Good("soc_temperature") is null)
        {
            LogBlind("pruning.temperature_limit_celsius", "soc_temperature");
        }
    }

    [LoggerMessage(EventName = "limit_blind", Level = LogLevel.Warning, Message =
        "{Key} cannot be kept: this board has no {Reading}. See edge-agent sensors")]
    private partial void LogBlind(string key, string reading);
}

/// <summary>What the worker of the plan reads and sets.</summary>
internal sealed record PlanParts(
    Board Board, QueueReadings Load, PromptQueue Queue, Governor Governor, PlanInForce InForce);
