namespace EdgeAgent.Pruning;

/// <summary>The plan in force and what the policy remembers beside it; immutable.</summary>
internal sealed record GovernorState
{
    public required PruningPlan Plan { get; init; }

    /// <summary>When this was decided, a timestamp; null before the first look.</summary>
    public long? At { get; init; }

    /// <summary>Share of the heat of full load that the board can carry, 0 to 1: what the controller steers.</summary>
    public double HeatBudget { get; init; } = 1;

    /// <summary>The slow part of the heat budget.</summary>
    public double HeatIntegral { get; init; } = HeatRules.StartIntegral;

    /// <summary>Worst of temperature and power: 0 at comfort, 1 where the governor steers to.</summary>
    public double? HeatPressure { get; init; }

    /// <summary>The last temperature that was known.</summary>
    public double? Celsius { get; init; }

    public long CelsiusTakenAt { get; init; }

    /// <summary>Smoothed change of the temperature, K/s.</summary>
    public double CelsiusPerSecond { get; init; }

    /// <summary>Smoothed draw.</summary>
    public double? Watts { get; init; }

    /// <summary>The wait in the queue a dwell ago, and how long ago that was.</summary>
    public double? QueueMark { get; init; }

    public double SecondsSinceMark { get; init; }

    public double SecondsSinceLevel { get; init; } = double.PositiveInfinity;

    /// <summary>How long nothing has asked for this level.</summary>
    public double CalmSeconds { get; init; }

    /// <summary>Calm that the next step down needs.</summary>
    public double RecoverySeconds { get; init; }

    /// <summary>Whether heat asked for the last step up.</summary>
    public bool HeatRaised { get; init; }

    /// <summary>Whether the last change of level was a step down.</summary>
    public bool IsTrial { get; init; }

    /// <summary>How long the last change of the power mode lies back.</summary>
    public double SecondsSincePowerStep { get; init; } = double.PositiveInfinity;

    /// <summary>How long nothing has asked for a power mode this low.</summary>
    public double PowerCalmSeconds { get; init; }

    /// <summary>Calm that a higher power mode needs, before it is stretched for heat.</summary>
    public double PowerRecoverySeconds { get; init; }

    /// <summary>Whether the last change of the power mode gave one back.</summary>
    public bool IsPowerTrial { get; init; }

    public static GovernorState Start(GovernorLimits limits)
    {
        var level = limits.Options.PinnedLevel ?? limits.LowestLevel;
        var isOfProfile = limits.Options.PinnedLevel is null && level > limits.Options.LowestLevel;
        return new GovernorState
        {
            Plan = new PruningPlan
            {
                Level = level,
                Cause = isOfProfile ? LevelCause.Profile : LevelCause.None,
                Reason = isOfProfile ? "the profile computes at no lower level" : PruningPlan.Free.Reason,
                OpenFrom = level,
                OpenTo = Math.Min(level + 1, limits.HighestLevel),
                Pace = limits.May(GovernorMeans.Pace) ? limits.PaceCeiling : 1,
                Sequences = limits.Options.Sequences,
            },
            RecoverySeconds = limits.Options.Recovery.TotalSeconds,
            PowerRecoverySeconds = limits.Options.Recovery.TotalSeconds,
        };
    }
}
