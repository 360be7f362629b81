using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>Sets the clock that the plan asks for where the operator allows it, and gives it back.</summary>
internal sealed partial class ClockWorker(Governor governor, ClockLimit clock, ILogger<ClockWorker> logger)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (clock.IsThere)
        {
            // On the thread that looks at the board: one caller at a time, as the limit wants it.
            governor.Changed += Follow;
            // An agent before us may have been killed while it held the clock down.
            Follow(governor.Plan, governor.Plan);
        }
        else
        {
            LogNoClock();
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        governor.Changed -= Follow;
        clock.Dispose();
        return Task.CompletedTask;
    }

    private void Follow(PruningPlan before, PruningPlan now)
    {
        if (clock.Apply(now.ClockShare) is { } fault)
        {
            LogNotTaken(fault);
        }
    }

    [LoggerMessage(EventName = "clock_refused", Level = LogLevel.Warning, Message = "{Fault}")]
    private partial void LogNotTaken(string fault);

    [LoggerMessage(EventName = "clock_absent", Level = LogLevel.Warning, Message =
        "pruning.means has the clock, but this board has none that can be set; the pace does its work")]
    private partial void LogNoClock();
}
