using EdgeAgent.Hosting;
using EdgeAgent.Messaging;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;

namespace EdgeAgent.Diagnosis;

/// <summary>Puts together how the agent is doing, from what its rooms know of themselves.</summary>
/// <remarks>Any thread. It reads what others wrote and makes nobody wait; at most ten times a second it looks anew,
/// so that a client that asks in a loop costs next to nothing.</remarks>
internal sealed class StatusReport(
    AgentOptions options, EngineStatus engine, WireStatus wire, Board board, StatusLine line, TimeProvider time)
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMilliseconds(100);

    private readonly long _started = time.GetTimestamp();
    private byte[]? _document;
    private long _madeAt;

    /// <summary>The status as one line of JSON; for one caller at a time.</summary>
    public byte[] Document()
    {
        if (_document is null || time.GetElapsedTime(_madeAt) >= s_fresh)
        {
            (_document, _madeAt) = (AgentStatusJson.Write(Now()), time.GetTimestamp());
        }
        return _document;
    }

    private AgentStatus Now() => new()
    {
        Agent = AgentIdentity.Version,
        Epoch = wire.Identity.Epoch,
        Device = options.Device,
        Pid = Environment.ProcessId,
        UptimeSeconds = Math.Round(time.GetElapsedTime(_started).TotalSeconds, 1),
        State = line[StatusPart.State] ?? "loading",
        Model = engine.Slot.Model?.Name,
        ResidentBytes = Environment.WorkingSet,
        Plan = Plan(engine.Governor.Plan, engine.Governor.Take()),
        Board = BoardNow(),
        Energy = Energy(engine.Energy.Take()),
        Queue = new QueueStatus
        {
            Requests = engine.Queue.Count,
            Capacity = engine.Queue.Capacity,
            TokensPerSecond = Math.Round(wire.Telemetry.TokensPerSecond, 1),
        },
        Broker = new BrokerStatus
        {
            Address = options.MqttUrl.Authority,
            Connected = wire.Broker.IsConnected,
            Text = line[StatusPart.Broker],
        },
        Counters = Counters(),
    };

    private PlanStatus Plan(PruningPlan plan, GovernorReport report) => new()
    {
        Level = plan.Level,
        HighestLevel = report.AtLevel.Count - 1,
        Cause = plan.Cause.WireName(),
        Reason = plan.Reason,
        PaceRatio = plan.Pace,
        ClockRatio = plan.ClockShare,
        PowerSteps = plan.PowerSteps,
        Admission = plan.Admission.WireName(),
        OpenLevels = engine.Slot.Model is { } model
            ? [.. Enumerable.Range(0, model.Engine.LevelCount).Where(model.Engine.IsOpen)]
            : [],
        MinutesAtLevel = [.. report.AtLevel.Select(spent => Math.Round(spent.TotalMinutes, 3))],
        LevelChanges = report.LevelChanges,
        AboveLimitSeconds = Math.Round(report.AboveLimit.TotalSeconds, 1),
        PacedSeconds = Math.Round(report.Paced.TotalSeconds, 1),
        BlindSeconds = Math.Round(report.Blind.TotalSeconds, 1),
    };

    private BoardStatus BoardNow()
    {
        if (board.Snapshot is not { } snapshot)
        {
            return new BoardStatus();
        }
        var temperature = snapshot.Good("soc_temperature");
        return new BoardStatus
        {
            TemperatureCelsius = temperature?.Value,
            TemperatureLimitCelsius = temperature is null ? null : Limit(temperature.Limit),
            PowerWatts = (snapshot.Good("board_power") ?? snapshot.Good("soc_power"))?.Value,
            CpuLoadRatio = snapshot.Good("cpu_load")?.Value,
            MemoryAvailableBytes = snapshot.Good("memory_available")?.Value,
            Throttled = snapshot.Good("throttled") is { } throttled ? throttled.Value > 0 : null,
            Lost = [.. snapshot.Readings.Where(reading => reading.State != ReadingState.Good)
                .Select(reading => $"{reading.Name} ({reading.State.WireName()})")],
        };
    }

    private double? Limit(double? ofBoard) => options.PruningTemperatureLimitCelsius is { } ours
        ? Math.Min(ours, ofBoard ?? double.MaxValue)
        : ofBoard;

    private static EnergyStatus? Energy(EnergyReport report) => report.MeasuredSeconds <= 0 ? null : new EnergyStatus
    {
        IdleWatts = report.IdleWatts is { } watts ? Math.Round(watts, 3) : null,
        BoardJoules = Math.Round(report.BoardJoules, 1),
        RequestJoules = Math.Round(report.RequestJoules, 3),
        RequestAboveIdleJoules = Math.Round(report.RequestJoulesAboveIdle, 3),
        MeasuredRequests = report.MeasuredRequests,
        UnmeasuredRequests = report.UnmeasuredRequests,
        JoulesPerToken = report.MeasuredTokens > 0
            ? Math.Round(report.RequestJoules / report.MeasuredTokens, 6)
            : null,
    };

    private Dictionary<string, double> Counters()
    {
        var counters = new Dictionary<string, double>();
        wire.Counters.AddTo(counters);
        counters["prompt_tokens_total"] = engine.Counters.PromptTokens;
        counters["completion_tokens_total"] = engine.Counters.CompletionTokens;
        return counters;
    }
}

/// <summary>What the status says of the engine.</summary>
internal sealed record EngineStatus(
    ModelSlot Slot, Governor Governor, PromptQueue Queue, ServingCounters Counters, EnergyMeter Energy);

/// <summary>What the status says of the agent's end of MQTT.</summary>
internal sealed record WireStatus(
    AgentIdentity Identity, MessagingCounters Counters, EngineTelemetry Telemetry, BrokerReport Broker);
