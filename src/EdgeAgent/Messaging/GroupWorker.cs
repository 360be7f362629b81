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
/// Groups have a connection of their own, without a session: leaving is hanging up, and what the broker has for us goes
/// to another member. What was taken in before is answered all the same, through the device's own connection.
/// </remarks>
internal sealed partial class GroupWorker(
    GroupParts parts, LoopBeats beats, AgentOptions options, TimeProvider time, ILogger<GroupWorker> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Shares of the queue at which a member leaves, and comes back.</summary>
    private const double Full = 0.75;
    private const double Free = 0.25;

    private CancellationTokenSource? _leaving;
    private Task _connection = Task.CompletedTask;

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
            if (IsWanted() != _leaving is not null)
            {
                if (_leaving is null)
                {
                    Join(beat);
                }
                else
                {
                    await LeaveAsync();
                }
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
        var connection = new MqttConnection(
            BrokerAccount.Of(options, $"edge-agent-{options.Device}-groups") with { SessionExpiry = TimeSpan.Zero },
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
            LogJoined(string.Join(", ", options.MqttGroups));
        }
    }

    private async Task LeaveAsync()
    {
        if (_leaving is { } leaving)
        {
            await leaving.CancelAsync();
            await _connection;
            leaving.Dispose();
            _leaving = null;
            LogLeft(string.Join(", ", options.MqttGroups), parts.InForce.Plan.Reason, parts.Queue.Count);
        }
    }

    [LoggerMessage(EventName = "joined", Level = LogLevel.Information, Message = "Takes work of {Groups}")]
    private partial void LogJoined(string groups);

    [LoggerMessage(EventName = "left", Level = LogLevel.Information, Message =
        "Leaves the work of {Groups} to others: {Reason}; {Waiting} requests wait here")]
    private partial void LogLeft(string groups, string reason, int waiting);
}

/// <summary>What the worker of the groups is made of.</summary>
internal sealed record GroupParts(
    Topics Topics, RequestIntake Intake, PromptQueue Queue, PlanInForce InForce, ModelSlot Slot);
