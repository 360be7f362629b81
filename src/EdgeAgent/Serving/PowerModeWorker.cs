using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>Sets the power mode that the plan asks for where the operator allows it, and gives it back.</summary>
/// <remarks>Beside the thread that looks at the board: a change of mode is a program that runs for a while. One at a
/// time; of several wishes that come meanwhile the newest counts.</remarks>
internal sealed partial class PowerModeWorker(
    Governor governor, PowerModeSwitch modes, ILogger<PowerModeWorker> logger) : IHostedService
{
    private readonly Lock _lock = new();
    private Task _work = Task.CompletedTask;
    private int _wanted;
    private int? _done;
    private bool _isBusy;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (modes.Absence is { } absence)
        {
            LogNoMode(absence);
            return Task.CompletedTask;
        }
        governor.Changed += Follow;
        // An agent before us may have been killed while it held the board down.
        Follow(governor.Plan, governor.Plan);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        governor.Changed -= Follow;
        lock (_lock)
        {
            // What could not be given back is tried once more.
            _done = null;
        }
        await Want(0).ConfigureAwait(false);
    }

    private void Follow(PruningPlan before, PruningPlan now) => Want(now.PowerSteps);

    private Task Want(int steps)
    {
        lock (_lock)
        {
            _wanted = steps;
            if (!_isBusy && _done != steps)
            {
                _isBusy = true;
                _work = Task.Run(WorkAsync);
            }
            return _work;
        }
    }

    private async Task WorkAsync()
    {
        while (true)
        {
            int steps;
            lock (_lock)
            {
                if (_wanted == _done)
                {
                    _isBusy = false;
                    return;
                }
                _done = steps = _wanted;
            }
            if (await modes.ApplyAsync(steps).ConfigureAwait(false) is { } fault)
            {
                LogNotTaken(fault);
                governor.GiveUpPowerModes();
            }
        }
    }

    [LoggerMessage(EventName = "power_mode_refused", Level = LogLevel.Warning, Message = "{Fault}")]
    private partial void LogNotTaken(string fault);

    [LoggerMessage(EventName = "power_mode_absent", Level = LogLevel.Warning, Message =
        "pruning.means has the power mode, but {Absence}; the pace does its work")]
    private partial void LogNoMode(string absence);
}
