using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Serving;

namespace EdgeAgent.Messaging;

/// <summary>Makes the telemetry of the engine: queue, speed, level and what became of every request.</summary>
internal sealed class EngineTelemetry(
    Topics topics, AgentIdentity identity, PromptQueue queue, ServingCounters serving, MessagingCounters messaging,
    Outbox outbox, LevelInForce level, TimeProvider time)
{
    private const string Stream = "engine";

    /// <summary>Boards without a battery start in the past: a clock before this release was never set.</summary>
    private static readonly DateTimeOffset ClockFloor = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly long _started = time.GetTimestamp();
    private long _seq;
    private long _tokens;
    private TimeSpan _busy;

    /// <summary>
    /// Decoded tokens per second over the time since the last message, or the last known; 0 at first.
    /// </summary>
    public double TokensPerSecond { get; private set; }

    public MqttOutgoing Next()
    {
        Measure();
        var now = time.GetUtcNow();
        var readings = new Dictionary<string, double>
        {
            ["queue_requests"] = queue.Count,
            ["tokens_per_second"] = Math.Round(TokensPerSecond, 1),
            ["level"] = level.Level,
            ["prompt_tokens_total"] = serving.PromptTokens,
            ["completion_tokens_total"] = serving.CompletionTokens,
            ["outbox_messages"] = outbox.Count,
            ["resident_bytes"] = Environment.WorkingSet,
            ["uptime_seconds"] = Math.Round(time.GetElapsedTime(_started).TotalSeconds),
        };
        messaging.AddTo(readings);
        return new MqttOutgoing
        {
            Topic = topics.Telemetry(Stream),
            Qos = MqttQos.AtMostOnce,
            ContentType = ContentTypeRules.Json,
            PayloadIsText = true,
            Payload = Bodies.Write(new TelemetryBody
            {
                Epoch = identity.Epoch,
                Seq = _seq++,
                Time = now.ToUnixTimeMilliseconds(),
                TimeOk = now >= ClockFloor,
                Readings = readings,
            }),
        };
    }

    private void Measure()
    {
        var (tokens, busy) = (serving.CompletionTokens, serving.CompletionTime);
        if (tokens > _tokens && busy > _busy)
        {
            TokensPerSecond = (tokens - _tokens) / (busy - _busy).TotalSeconds;
        }
        (_tokens, _busy) = (tokens, busy);
    }
}
