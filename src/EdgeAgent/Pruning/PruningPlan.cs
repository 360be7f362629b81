namespace EdgeAgent.Pruning;

/// <summary>What the governor allows from now on; immutable, read at every token boundary.</summary>
internal sealed record PruningPlan
{
    /// <summary>The plan of a board without strain.</summary>
    public static PruningPlan Free { get; } = new();

    /// <summary>Pruning level; a request may narrow it to its own range.</summary>
    public int Level { get; init; }

    /// <summary>Share of the time that may be spent computing, 0 to 1; the rest is paused after each step.</summary>
    public double Pace { get; init; } = 1;

    /// <summary>Share of the highest clock that should be set where the operator allows it, 0 to 1.</summary>
    public double ClockShare { get; init; } = 1;

    /// <summary>Power modes below the one that the board was found in, where the operator allows it.</summary>
    public int PowerSteps { get; init; }

    /// <summary>Sequences that may decode together, at least 1.</summary>
    public int Sequences { get; init; } = 1;

    /// <summary>Share of the model's context that a new request may use, 0 to 1.</summary>
    public double ContextShare { get; init; } = 1;

    public Admission Admission { get; init; }

    /// <summary>When a refused client may try again; zero while nothing is refused.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>Whether to take work of MQTT groups.</summary>
    public bool InGroups { get; init; } = true;

    /// <summary>Whether caches that only save time should be given back.</summary>
    public bool FreeCaches { get; init; }

    /// <summary>The largest graph to keep open: the lowest level that the plan may need soon.</summary>
    public int OpenFrom { get; init; }

    /// <summary>The smallest graph to keep open and warm.</summary>
    public int OpenTo { get; init; }

    /// <summary>Why the level is what it is.</summary>
    public LevelCause Cause { get; init; }

    /// <summary>The cause in words with its figures, for events and answers.</summary>
    public string Reason { get; init; } = "nothing asks for less";

    /// <summary>The pause that keeps the pace after a step that took this long.</summary>
    public TimeSpan PauseAfter(TimeSpan step) => Pace >= 1 ? TimeSpan.Zero : step * (1 / Math.Max(Pace, 0.01) - 1);
}

/// <summary>Which new requests are taken.</summary>
internal enum Admission
{
    Accept,
    OnlyUrgent,
    Refuse,
}

/// <summary>What moved the level last; its snake_case name stands in events and answers, [P-38].</summary>
internal enum LevelCause
{
    None,
    Temperature,
    TemperatureUnknown,
    Throttled,
    Power,
    Memory,
    Queue,
    Deadline,

    /// <summary>A reading of the line is above its limit.</summary>
    Line,
    Pinned,

    /// <summary>The operator's profile has no lower level, and nothing has asked for a higher one yet.</summary>
    Profile,
    Recovered,

    /// <summary>The request asked for no lower level.</summary>
    Request,

    /// <summary>The operator maps requests of this class to no lower level.</summary>
    Class,
}
