using EdgeAgent.Hosting;
using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Serving;
using Microsoft.Extensions.Hosting;

namespace EdgeAgent.Messaging;

/// <summary>The agent's end of MQTT: waits for the model, then keeps the connection and speaks for the agent.</summary>
internal sealed class MessagingWorker(
    MessagingParts parts, BrokerReport report, ModelSlot slot, LoopBeats beats, AgentOptions options, TimeProvider time)
    : BackgroundService
{
    /// <summary>How long a stop waits for answers that are on their way to the broker.</summary>
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await slot.LoadedAsync(stoppingToken))
        {
            return;
        }
        var (beat, telemetryBeat) = (beats.Register("mqtt"), beats.Register("telemetry"));
        var connection = Connection(beat);
        parts.Outbox.Use(connection);
        using var leaving = new CancellationTokenSource();
        var mqtt = LoopThread.RunAsync("mqtt", () => connection.RunAsync(leaving.Token));
        var telemetry = LoopThread.RunAsync(
            "telemetry", () => TelemetryLoopAsync(connection, telemetryBeat, stoppingToken));
        var ended = await Task.WhenAny(mqtt, telemetry);
        await ended;
        await parts.Outbox.DrainAsync(LongestDrain);
        beat.End();
        await leaving.CancelAsync();
        await mqtt;
    }

    private MqttConnection Connection(LoopBeat beat)
    {
        var mqtt = BrokerAccount.Of(options, $"edge-agent-{options.Device}") with { Will = parts.Status.Will };
        MqttConnection? connection = null;
        connection = new MqttConnection(mqtt,
            [
                .. parts.Topics.Filters.Concat(options.MqttGroups.SelectMany(parts.Topics.GroupCancelFilters))
                    .Select(filter => new MqttSubscription { Filter = filter }),
                // A reading that the broker kept for us while we were away would be taken for one of now.
                new MqttSubscription { Filter = parts.Topics.ReadingFilter, Qos = MqttQos.AtMostOnce },
            ],
            new MqttCallbacks
            {
                Received = parts.Intake.Take,
                StateChanged = state => Changed(connection!, state),
                Progressed = beat.Beat,
                Farewell = () => parts.Status.Goodbye,
            },
            time);
        return connection;
    }

    private void Changed(MqttConnection connection, MqttState state)
    {
        report.Changed(state);
        if (state.Kind == MqttStateKind.Connected)
        {
            parts.Events.Use(connection);
            _ = connection.PublishAsync(parts.Status.Online());
            parts.Outbox.Use(connection);
        }
    }

    private async Task TelemetryLoopAsync(MqttConnection connection, LoopBeat beat, CancellationToken stop)
    {
        var interval = TimeSpan.FromSeconds(options.TelemetryIntervalSeconds);
        var (published, refreshed) = (time.GetTimestamp(), time.GetTimestamp());
        while (!stop.IsCancellationRequested)
        {
            beat.Beat();
            parts.Queue.RefuseEnded();
            report.ShowLoad(parts.Telemetry.TokensPerSecond);
            if (connection.IsConnected && time.GetElapsedTime(published) >= interval)
            {
                published = time.GetTimestamp();
                _ = connection.PublishAsync(parts.Telemetry.Next());
                if (parts.Board.Next() is { } board)
                {
                    _ = connection.PublishAsync(board);
                }
            }
            var isDue = time.GetElapsedTime(refreshed) >= StatusPublisher.RefreshInterval
                || parts.Status.IsOutdated;
            if (connection.IsConnected && isDue)
            {
                refreshed = time.GetTimestamp();
                _ = connection.PublishAsync(parts.Status.Online());
            }
            await Task.Delay(beats.PauseUpTo(TimeSpan.FromSeconds(1)), time, stop).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        beat.End();
    }
}

/// <summary>What the messaging worker is made of.</summary>
internal sealed record MessagingParts(
    Topics Topics, RequestIntake Intake, PromptQueue Queue, Outbox Outbox, StatusPublisher Status,
    EngineTelemetry Telemetry, BoardTelemetry Board, EventPublisher Events);
