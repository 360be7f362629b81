using EdgeAgent.Hosting;
using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Messaging;

/// <summary>Tells of every change of the level, and of every sensor that is lost or back.</summary>
/// <remarks>
/// Live only: what happens while there is no connection is counted and not sent late, because an old event among new
/// ones would mislead; the retained status always has the level of now.
/// </remarks>
internal sealed partial class EventPublisher
{
    private readonly Topics _topics;
    private readonly Stamps _stamps;
    private readonly StatusLine _status;
    private readonly ILogger _logger;
    private volatile MqttConnection? _connection;
    private long _published;
    private long _dropped;

    public EventPublisher(
        Topics topics, AgentIdentity identity, Governor governor, Board board, StatusLine status, TimeProvider time,
        ILogger<EventPublisher> logger)
    {
        (_topics, _status, _logger) = (topics, status, logger);
        _stamps = new Stamps(identity, time);
        ShowLevel(governor.Plan);
        governor.Changed += PlanChanged;
        board.Told += SensorChanged;
        // The board was read once before anybody listened: to know its limits.
        foreach (var told in board.Snapshot?.Events ?? [])
        {
            SensorChanged(told);
        }
    }

    public void Use(MqttConnection connection) => _connection = connection;

    public void AddTo(IDictionary<string, double> readings)
    {
        readings["events_published_total"] = Volatile.Read(ref _published);
        readings["events_dropped_total"] = Volatile.Read(ref _dropped);
        readings["mqtt_dropped_total"] = _connection?.DroppedCount ?? 0;
    }

    private void PlanChanged(PruningPlan before, PruningPlan now)
    {
        if (before.Admission != now.Admission)
        {
            LogAdmission(now.Admission.WireName(), now.Reason);
        }
        if (before.Level == now.Level)
        {
            return;
        }
        ShowLevel(now);
        LogLevelChanged(before.Level, now.Level, now.Reason);
        var stamp = _stamps.Next();
        Publish("level", Bodies.Write(new LevelEventBody
        {
            Epoch = stamp.Epoch,
            Seq = stamp.Seq,
            Time = stamp.Time,
            TimeOk = stamp.TimeOk,
            Level = now.Level,
            From = before.Level,
            Cause = now.Cause.WireName(),
            Reason = now.Reason,
        }));
    }

    private void SensorChanged(SensorEvent told)
    {
        LogSensor(told.Name, told.Detail);
        var stamp = _stamps.Next();
        Publish("sensor", Bodies.Write(new SensorEventBody
        {
            Epoch = stamp.Epoch,
            Seq = stamp.Seq,
            Time = stamp.Time,
            TimeOk = stamp.TimeOk,
            Kind = told.Kind.WireName(),
            Name = told.Name,
            Detail = told.Detail,
        }));
    }

    private void Publish(string name, byte[] body)
    {
        if (_connection is not { IsConnected: true } connection)
        {
            Interlocked.Increment(ref _dropped);
            return;
        }
        _ = PublishAsync(connection, new MqttOutgoing
        {
            Topic = _topics.Event(name),
            Payload = body,
            ContentType = ContentTypeRules.Json,
            PayloadIsText = true,
        });
    }

    private async Task PublishAsync(MqttConnection connection, MqttOutgoing message)
    {
        var result = await connection.PublishAsync(message).ConfigureAwait(false);
        Interlocked.Increment(ref result.IsDelivered ? ref _published : ref _dropped);
    }

    private void ShowLevel(PruningPlan plan) => _status.Set(StatusPart.Level,
        plan.Cause == LevelCause.None ? $"level {plan.Level}" : $"level {plan.Level} ({plan.Reason})");

    [LoggerMessage(EventName = "level", Level = LogLevel.Information, Message = "Level {From} → {Level}: {Reason}")]
    private partial void LogLevelChanged(int from, int level, string reason);

    [LoggerMessage(EventName = "admission", Level = LogLevel.Warning, Message =
        "New requests: {Admission}, because {Reason}")]
    private partial void LogAdmission(string admission, string reason);

    [LoggerMessage(EventName = "sensor", Level = LogLevel.Warning, Message = "{Name}: {Detail}")]
    private partial void LogSensor(string name, string detail);
}
