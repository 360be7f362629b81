using System.ComponentModel.DataAnnotations;
using EdgeAgent.Hosting;

namespace EdgeAgent.Pruning;

/// <summary>How the operator weighs speed, heat, noise and energy.</summary>
internal enum GovernorProfile
{
    /// <summary>Close to the limit, the level rises late.</summary>
    Performance,

    /// <summary>The default.</summary>
    Balanced,

    /// <summary>10 K more distance and at most 70 % of the time computing: a fan stays slow.</summary>
    Quiet,

    /// <summary>Level 1 at least and at most half of the time computing.</summary>
    Battery,
}

/// <summary>What the governor may use to shed load.</summary>
[Flags]
internal enum GovernorMeans
{
    None = 0,
    Pace = 1,
    Level = 2,
    Clock = 4,
    PowerMode = 8,
}

/// <summary>What the operator wants of the governor; <see cref="GovernorLimits"/> checks it.</summary>
internal sealed record GovernorOptions
{
    /// <summary>What the configuration says; the rest is as tuned.</summary>
    public static GovernorOptions From(AgentOptions options) => new()
    {
        Profile = Enum.Parse<GovernorProfile>(options.PruningProfile, ignoreCase: true),
        TemperatureLimitCelsius = options.PruningTemperatureLimitCelsius,
        PowerBudgetWatts = options.PruningPowerBudgetWatts,
        MemoryReserveMebibytes = options.PruningMemoryReserveMebibytes,
        QueueLimit = TimeSpan.FromSeconds(options.PruningQueueLimitSeconds),
        Dwell = TimeSpan.FromSeconds(options.PruningDwellSeconds),
        Recovery = TimeSpan.FromSeconds(options.PruningRecoverySeconds),
        LowestLevel = options.PruningLowestLevel,
        HighestLevel = options.PruningHighestLevel,
        PinnedLevel = options.PruningPinnedLevel,
        Sequences = options.InferenceSequences,
        Means = options.PruningMeans.Aggregate(
            GovernorMeans.None,
            (means, name) => means | Enum.Parse<GovernorMeans>(name.Replace("_", ""), ignoreCase: true)),
    };

    /// <summary>How speed, heat, noise and energy are weighed. Default: balanced.</summary>
    public GovernorProfile Profile { get; init; } = GovernorProfile.Balanced;

    /// <summary>Temperature never to be exceeded, in °C, 30–120. Default: null, the board's own first trip.</summary>
    [Range(30, 120)]
    public double? TemperatureLimitCelsius { get; init; }

    /// <summary>Distance from the limit that the governor steers for, in K, 0.5–30. Default: 2.</summary>
    [Range(0.5, 30)]
    public double MarginKelvin { get; init; } = 2;

    /// <summary>Below the limit by this much nothing is shed, in K, 3–80. Default: 15.</summary>
    [Range(3, 80)]
    public double ComfortKelvin { get; init; } = 15;

    /// <summary>Watts that the board may draw, 0.5–1000. Default: null, no budget.</summary>
    [Range(0.5, 1000)]
    public double? PowerBudgetWatts { get; init; }

    /// <summary>Memory to leave free, in MiB, 0–65536. Default: 128.</summary>
    [Range(0, 65536)]
    public int MemoryReserveMebibytes { get; init; } = 128;

    /// <summary>Wait in the queue that is too long, 0.1 s–10 min. Default: 5 s.</summary>
    public TimeSpan QueueLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between two looks at the board, 50 ms–2 s. Default: 250 ms.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A reading older than this is unknown, 0.5–60 s. Default: 5 s.</summary>
    public TimeSpan ReadingAge { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Least time between two steps to a higher level, 1–600 s. Default: 10 s.</summary>
    public TimeSpan Dwell { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Calm that a lower level needs, 2 s–1 h; doubles when it did not last. Default: 2 min.</summary>
    public TimeSpan Recovery { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The lowest level that may be used, 0–15. Default: 0.</summary>
    [Range(0, 15)]
    public int LowestLevel { get; init; }

    /// <summary>The highest level that may be used, 0–15. Default: null, the model's last.</summary>
    [Range(0, 15)]
    public int? HighestLevel { get; init; }

    /// <summary>The operator's own level; the governor then only paces and refuses. Default: null.</summary>
    [Range(0, 15)]
    public int? PinnedLevel { get; init; }

    /// <summary>Sequences that may decode together without strain, 1–64. Default: 4.</summary>
    [Range(1, 64)]
    public int Sequences { get; init; } = 4;

    /// <summary>What may shed load. Default: pace and level; clock and power mode need the operator's word.</summary>
    public GovernorMeans Means { get; init; } = GovernorMeans.Pace | GovernorMeans.Level;

    /// <summary>The lowest share of the highest clock to ask for, 0.2–1. Default: 0.6.</summary>
    [Range(0.2, 1)]
    public double LeastClockShare { get; init; } = 0.6;
}
