using EdgeAgent.Hosting;
using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Messaging;

/// <summary>Takes work of MQTT groups while the board is neither hot nor full, and leaves it to others else.</summary>
/// <remarks>
/// Groups have a connection of their own, without a session. Leaving is unsubscribing first: what the broker had sent
/// or queued for us by then is still taken in, because Mosquitto gives it to nobody else (its issue 2662). What was
/// taken in is answered all the same, through the device's own connection.
/// </remarks>
internal sealed partial class GroupWorker(
    GroupParts parts, LoopBeats beats, AgentOptions options, TimeProvider time, ILogger<GroupWorker> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Shares of the queue at which a member leaves, and comes back.</summary>
    private const double Full = 0.75;
    private const double Free = 0.25;

    /// <summary>The wait after a connection that ended by itself, which it never should.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(30);

    private CancellationTokenSource? _leaving;
    private Task _connection = Task.CompletedTask;
    private MqttOptions? _account;
    private string? _lastReason;
    private TimeSpan _rest;
    private long _endedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.MqttGroups.Count > 0 && await parts.Slot.LoadedAsync(stoppingToken))
        {
            await LoopThread.RunAsync("groups", () => RunAsync(stoppingToken));
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        var beat = beats.Register("groups");
        while (!stop.IsCancellationRequested)
        {
            beat.Beat();
            if (_leaving is not null && (_connection.IsCompleted || !IsWanted()))
            {
                await LeaveAsync();
            }
            else if (_leaving is null && IsWanted() && time.GetElapsedTime(_endedAt) >= _rest)
            {
                Join(beat);
            }
            await Task.Delay(beats.PauseUpTo(Interval), time, stop).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        beat.End();
        await LeaveAsync();
    }

    private bool IsWanted()
    {
        var fullness = (double)parts.Queue.Count / parts.Queue.Capacity;
        return parts.InForce.Plan.InGroups && fullness < (_leaving is null ? Free : Full);
    }

    private void Join(LoopBeat beat)
    {
        var filters = options.MqttGroups.SelectMany(parts.Topics.GroupFilters);
        // No device can be named so: the identifier is ours alone.
        _account ??= BrokerAccount.Of(options, $"edge-agent/groups/{options.Device}") with
        {
            SessionExpiry = TimeSpan.Zero,
            LeaveQuiet = TimeSpan.FromSeconds(1),
        };
        var connection = new MqttConnection(
            _account,
            [.. filters.Select(filter => new MqttSubscription { Filter = filter })],
            new MqttCallbacks { Received = parts.Intake.Take, Progressed = beat.Beat, StateChanged = Changed },
            time);
        _leaving = new CancellationTokenSource();
        _connection = connection.RunAsync(_leaving.Token);
    }

    private void Changed(MqttState state)
    {
        if (state.Kind == MqttStateKind.Connected)
        {
            _lastReason = null;
            LogJoined(string.Join(", ", options.MqttGroups));
        }
        else if (state.Kind is MqttStateKind.Refused or MqttStateKind.Disconnected && state.Reason != _lastReason)
        {
            _lastReason = state.Reason;
            LogApart(string.Join(", ", options.MqttGroups), state.Reason);
        }
    }

    private async Task LeaveAsync()
    {
        if (_leaving is { } leaving)
        {
            await leaving.CancelAsync();
            await _connection.ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            (_rest, _endedAt) = (_connection.IsFaulted ? RetryPause : TimeSpan.Zero, time.GetTimestamp());
            if (_connection.Exception is { } error)
            {
                LogApart(string.Join(", ", options.MqttGroups), error.GetBaseException().Message);
            }
            leaving.Dispose();
            _leaving = null;
            LogLeft(string.Join(", ", options.MqttGroups), parts.InForce.Plan.Reason, parts.Queue.Count);
        }
    }

    [LoggerMessage(EventName = "joined", Level = LogLevel.Information, Message = "Takes work of {Groups}")]
    private partial void LogJoined(string groups);

    [LoggerMessage(EventName = "groups_apart", Level = LogLevel.Warning, Message =
        "No work of {Groups} for now: {Reason}. Trying again")]
    private partial void LogApart(string groups, string reason);

    [LoggerMessage(EventName = "left", Level = LogLevel.Information, Message =
        "Leaves the work of {Groups} to others: {Reason}; {Waiting} requests wait here")]
    private partial void LogLeft(string groups, string reason, int waiting);
}

/// <summary>What the worker of the groups is made of.</summary>
internal sealed record GroupParts(
    Topics Topics, RequestIntake Intake, PromptQueue Queue, PlanInForce InForce, ModelSlot Slot);
