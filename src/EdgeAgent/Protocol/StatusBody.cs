using System.Text.Json.Serialization;

namespace EdgeAgent.Protocol;

/// <summary>Whether the agent is there.</summary>
[JsonConverter(typeof(SnakeCaseConverter<AgentState>))]
internal enum AgentState
{
    Online,

    /// <summary>It said goodbye.</summary>
    Stopped,

    /// <summary>The broker says so in its place: the Will.</summary>
    Offline,
}

/// <summary>The limits that a device must know before it asks.</summary>
/// <param name="Level">The highest pruning level of the loaded model.</param>
internal sealed record StatusLimits(
    int PayloadBytes,
    int MaxTokens,
    int ContextTokens,
    int TimeoutMs,
    int QueueRequests,
    int Level);

/// <summary>The retained message that says whether a device answers, with what, and within which limits.</summary>
internal sealed record StatusBody
{
    // [P-31]
    public required AgentState State { get; init; }

    /// <summary>Seconds after which the message says nothing any more; 0 in a Will, which nobody refreshes.</summary>
    public required int ValidS { get; init; }

    /// <summary>New for every new database, so that counters which begin again are seen.</summary>
    public required string Epoch { get; init; }

    /// <summary>Version of the agent.</summary>
    public required string Agent { get; init; }

    /// <summary>Name and version of the loaded package; absent where none is.</summary>
    public string? Model { get; init; }

    /// <summary>The pruning level in force; absent where no model is loaded.</summary>
    public int? Level { get; init; }

    public StatusLimits? Limits { get; init; }

    /// <summary>What this agent has of the optional parts of the protocol: <see cref="BuiltFeatures"/>.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>The optional parts that this version has.</summary>
    public static IReadOnlyList<string> BuiltFeatures { get; } =
        ["cancel", "event", "level", "priority", "reading", "telemetry"];

    /// <summary>The Will, and the goodbye: a state without promises.</summary>
    public static StatusBody Gone(AgentState state, string epoch, string agent) =>
        new() { State = state, ValidS = 0, Epoch = epoch, Agent = agent };
}
