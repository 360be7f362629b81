using EdgeAgent.Sensors;

namespace EdgeAgent.Pruning;

/// <summary>What the governor looks at, out of a snapshot; null is unknown.</summary>
internal readonly record struct GovernorInputs
{
    public double? Celsius { get; init; }

    /// <summary>Whether the board has a thermometer, known or not.</summary>
    public bool HasThermometer { get; init; }

    /// <summary>The lower of the operator's limit and the board's first trip.</summary>
    public double? LimitCelsius { get; init; }

    /// <summary>When the temperature was read.</summary>
    public long CelsiusTakenAt { get; init; }

    public double? Watts { get; init; }

    public double? MemoryBytes { get; init; }

    /// <summary>Share of the time in which tasks waited for memory.</summary>
    public double? MemoryPressure { get; init; }

    public double? QueueSeconds { get; init; }

    /// <summary>Seconds left to the tightest deadline at the present speed; negative is missed.</summary>
    public double? DeadlineSlackSeconds { get; init; }

    public bool IsThrottled { get; init; }

    /// <summary>The reading of the line that is nearest to its limit, or above it; null where none has one.</summary>
    public Reading? Line { get; init; }

    /// <summary>Whether a reading of the line that has a limit is unknown now.</summary>
    public bool IsLineUnknown { get; init; }

    /// <summary>That reading as a share of its limit; null where unknown.</summary>
    public double? LineShare => Line is { Limit: { } limit } line ? line.Value / limit : null;

    /// <summary>Picks the readings; what is not good, too old, from the future or no number is unknown.</summary>
    public static GovernorInputs From(SensorSnapshot snapshot, GovernorLimits limits, long now)
    {
        var temperature = Fresh("soc_temperature");
        return new GovernorInputs
        {
            Celsius = temperature?.Value,
            HasThermometer = snapshot.Readings.Any(reading => reading.Name == "soc_temperature"),
            LimitCelsius = Lower(limits.Options.TemperatureLimitCelsius, temperature?.Limit),
            CelsiusTakenAt = temperature?.TakenAt ?? 0,
            Watts = Fresh("board_power")?.Value,
            MemoryBytes = Fresh("memory_available")?.Value,
            MemoryPressure = Fresh("memory_pressure")?.Value,
            QueueSeconds = Fresh("queue_delay")?.Value,
            DeadlineSlackSeconds = Fresh("deadline_slack")?.Value,
            IsThrottled = Fresh("throttled")?.Value > 0,
            Line = Limited().Where(IsKnown).MaxBy(reading => reading.Value / reading.Limit),
            IsLineUnknown = !Limited().All(IsKnown),
        };

        IEnumerable<Reading> Limited() => snapshot.Readings.Where(reading => reading.Limit > 0
            && reading.Name.StartsWith(PushedReadings.LinePrefix, StringComparison.Ordinal));

        // How long it holds was said by whoever pushed it: the age limit of the board's readings is not theirs.
        static bool IsKnown(Reading reading) =>
            reading.State == ReadingState.Good && double.IsFinite(reading.Value);

        Reading? Fresh(string name)
        {
            var reading = snapshot.Good(name);
            return reading is not null && double.IsFinite(reading.Value) && reading.TakenAt <= now
                && (now - reading.TakenAt) / (double)limits.TimestampFrequency
                    <= limits.Options.ReadingAge.TotalSeconds
                ? reading
                : null;
        }
    }

    private static double? Lower(double? one, double? other) =>
        one is { } a && other is { } b ? Math.Min(a, b) : one ?? other;
}
