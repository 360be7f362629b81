using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>Sets the power mode that the plan asks for where the operator allows it, and gives it back.</summary>
/// <remarks>Beside the thread that looks at the board: a change of mode is a program that runs for a while. One at a
/// time; of several wishes that come meanwhile the newest counts.</remarks>
internal sealed partial class PowerModeWorker(
    Governor governor, PowerModeSwitch modes, TimeProvider time, ILogger<PowerModeWorker> logger)
    : IHostedService, IDisposable
{
    /// <summary>A stop has so long for the call on its way and the one that gives the first mode back.</summary>
    /// <remarks>It comes after the last answers, within <see cref="Hosting.AgentHost.LongestStop"/> of all together.
    /// What is not given back then is recorded, and the next start gives it back.</remarks>
    public static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _ended = new();
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
        using var late = new CancellationTokenSource(LongestStop, time);
        await using var byTime = late.Token.Register(_ended.Cancel);
        await using var byHost = cancellationToken.Register(_ended.Cancel);
        await Want(0).ConfigureAwait(false);
    }

    public void Dispose() => _ended.Dispose();

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
            if (await ApplyAsync(steps).ConfigureAwait(false) is { } fault)
            {
                governor.GiveUpPowerModes();
                LogNotTaken(fault);
            }
        }
    }

    private async Task<string?> ApplyAsync(int steps)
    {
        try
        {
            return await modes.ApplyAsync(steps, _ended.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // One unit of work: the other means go on without it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return $"the power mode cannot be changed: {e.GetType().Name}: {e.Message}";
        }
    }

    [LoggerMessage(EventName = "power_mode_refused", Level = LogLevel.Warning, Message = "{Fault}")]
    private partial void LogNotTaken(string fault);

    [LoggerMessage(EventName = "power_mode_absent", Level = LogLevel.Warning, Message =
        "The power mode stays as it is: {Absence}")]
    private partial void LogNoMode(string absence);
}
