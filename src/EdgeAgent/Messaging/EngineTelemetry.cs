using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;

namespace EdgeAgent.Messaging;

/// <summary>Makes the telemetry of the engine: queue, speed, level and what became of every request.</summary>
internal sealed class EngineTelemetry(
    Topics topics, AgentIdentity identity, PromptQueue queue, ServingCounters serving, MessagingCounters messaging,
    Outbox outbox, EventPublisher events, LineReadings line, Governor governor,
    PlanInForce inForce, EnergyMeter energy, TimeProvider time)
{
    private const string Stream = "engine";

    private readonly long _started = time.GetTimestamp();
    private readonly Stamps _stamps = new(identity, time);
    private long _tokens;
    private TimeSpan _busy;

    /// <summary>
    /// Decoded tokens per second over the time since the last message, or the last known; 0 at first.
    /// </summary>
    public double TokensPerSecond { get; private set; }

    public MqttOutgoing Next()
    {
        Measure();
        var readings = new Dictionary<string, double>
        {
            ["queue_requests"] = queue.Count,
            ["sequences"] = serving.Sequences,
            ["tokens_per_second"] = Math.Round(TokensPerSecond, 1),
            ["level"] = inForce.Plan.Level,
            ["pace_ratio"] = inForce.Plan.Pace,
            ["prompt_tokens_total"] = serving.PromptTokens,
            ["completion_tokens_total"] = serving.CompletionTokens,
            ["outbox_messages"] = outbox.Count,
            ["resident_bytes"] = Environment.WorkingSet,
            ["uptime_seconds"] = Math.Round(time.GetElapsedTime(_started).TotalSeconds),
        };
        messaging.AddTo(readings);
        events.AddTo(readings);
        line.AddTo(readings);
        AddTo(readings, governor.Take());
        AddTo(readings, energy.Take());
        return TelemetryMessage.Of(topics.Telemetry(Stream), _stamps.Next(), readings);
    }

    private static void AddTo(Dictionary<string, double> readings, GovernorReport report)
    {
        for (var i = 0; i < report.AtLevel.Count; i++)
        {
            readings[$"level_{i}_minutes_total"] = Math.Round(report.AtLevel[i].TotalMinutes, 3);
        }
        readings["level_changes_total"] = report.LevelChanges;
        readings["above_limit_seconds_total"] = Math.Round(report.AboveLimit.TotalSeconds, 1);
        readings["limits_held"] = report.AboveLimit == TimeSpan.Zero ? 1 : 0;
        readings["paced_seconds_total"] = Math.Round(report.Paced.TotalSeconds, 1);
        readings["temperature_unknown_seconds_total"] = Math.Round(report.Blind.TotalSeconds, 1);
    }

    private static void AddTo(Dictionary<string, double> readings, EnergyReport report)
    {
        // Without a power sensor there is nothing to count, and zero would be a lie.
        if (report.MeasuredSeconds > 0)
        {
            readings["energy_joules_total"] = Math.Round(report.RequestJoules, 3);
            readings["energy_above_idle_joules_total"] = Math.Round(report.RequestJoulesAboveIdle, 3);
            readings["board_energy_joules_total"] = Math.Round(report.BoardJoules, 1);
            readings["energy_unknown_requests_total"] = report.UnmeasuredRequests;
        }
        if (report.IdleWatts is { } watts)
        {
            readings["idle_power_watts"] = Math.Round(watts, 3);
        }
    }

    private void Measure()
    {
        var (tokens, busy) = (serving.DecodedTokens, serving.CompletionTime);
        if (tokens > _tokens && busy > _busy)
        {
            TokensPerSecond = (tokens - _tokens) / (busy - _busy).TotalSeconds;
        }
        (_tokens, _busy) = (tokens, busy);
    }
}
