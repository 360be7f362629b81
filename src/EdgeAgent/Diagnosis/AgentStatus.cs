using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeAgent.Diagnosis;

/// <summary>How a running agent is doing, as `status --json` prints it.</summary>
internal sealed record AgentStatus
{
    /// <summary>Version of the agent.</summary>
    public required string Agent { get; init; }

    public required string Epoch { get; init; }

    public required string Device { get; init; }

    public required int Pid { get; init; }

    public required double UptimeSeconds { get; init; }

    /// <summary>`loading`, `ready` or `stopping`.</summary>
    public required string State { get; init; }

    /// <summary>Null while it loads.</summary>
    public string? Model { get; init; }

    public required long ResidentBytes { get; init; }

    public required PlanStatus Plan { get; init; }

    public required BoardStatus Board { get; init; }

    public EnergyStatus? Energy { get; init; }

    public required QueueStatus Queue { get; init; }

    public required BrokerStatus Broker { get; init; }

    /// <summary>What became of every request, by the names of the engine's telemetry.</summary>
    public required IReadOnlyDictionary<string, double> Counters { get; init; }
}

/// <summary>The plan in force, and how the governor has worked since the start.</summary>
internal sealed record PlanStatus
{
    public required int Level { get; init; }

    public required int HighestLevel { get; init; }

    /// <summary>A name of docs/PROTOCOL.md's list of causes.</summary>
    public required string Cause { get; init; }

    public required string Reason { get; init; }

    public required double PaceRatio { get; init; }

    public required double ClockRatio { get; init; }

    /// <summary>Power modes below the one that the board was found in.</summary>
    public int PowerSteps { get; init; }

    /// <summary>`accept`, `only_urgent` or `refuse`.</summary>
    public required string Admission { get; init; }

    /// <summary>Levels whose graphs are open.</summary>
    public IReadOnlyList<int> OpenLevels { get; init; } = [];

    public required IReadOnlyList<double> MinutesAtLevel { get; init; }

    public required long LevelChanges { get; init; }

    public required double AboveLimitSeconds { get; init; }

    public required double PacedSeconds { get; init; }

    /// <summary>Seconds in which the temperature was unknown.</summary>
    public required double BlindSeconds { get; init; }
}

/// <summary>What the board shows; absent is what it does not have or what cannot be believed now.</summary>
internal sealed record BoardStatus
{
    public double? TemperatureCelsius { get; init; }

    /// <summary>The lower of the operator's limit and the board's own.</summary>
    public double? TemperatureLimitCelsius { get; init; }

    public double? PowerWatts { get; init; }

    public double? CpuLoadRatio { get; init; }

    public double? MemoryAvailableBytes { get; init; }

    public bool? Throttled { get; init; }

    /// <summary>Readings that cannot be believed now.</summary>
    public IReadOnlyList<string> Lost { get; init; } = [];
}

/// <summary>Energy since the start; there only where a power sensor was read.</summary>
internal sealed record EnergyStatus
{
    public double? IdleWatts { get; init; }

    public required double BoardJoules { get; init; }

    public required double RequestJoules { get; init; }

    public required double RequestAboveIdleJoules { get; init; }

    public required long MeasuredRequests { get; init; }

    public required long UnmeasuredRequests { get; init; }

    public double? JoulesPerToken { get; init; }
}

/// <summary>What waits and how fast it goes.</summary>
internal sealed record QueueStatus
{
    public required int Requests { get; init; }

    public required int Capacity { get; init; }

    /// <summary>Of the last answers; 0 before the first.</summary>
    public required double TokensPerSecond { get; init; }
}

/// <summary>How it stands with the broker.</summary>
internal sealed record BrokerStatus
{
    public required string Address { get; init; }

    public required bool Connected { get; init; }

    /// <summary>As the status line says it.</summary>
    public string? Text { get; init; }
}

/// <summary>Writes a status as one line of JSON.</summary>
internal static class AgentStatusJson
{
    // Relaxed escaping keeps reasons readable on a terminal.
    private static readonly AgentStatusContext s_context = new(new JsonSerializerOptions(
        AgentStatusContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static byte[] Write(AgentStatus status) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(status, s_context.AgentStatus), (byte)'\n'];
}

/// <summary>The generated code that writes and reads a status without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, MaxDepth = 8)]
[JsonSerializable(typeof(AgentStatus))]
internal sealed partial class AgentStatusContext : JsonSerializerContext;
