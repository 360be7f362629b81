namespace EdgeAgent.Sensors;

/// <summary>How far a reading can be believed.</summary>
internal enum ReadingState
{
    /// <summary>Fresh and plausible.</summary>
    Good,

    /// <summary>Older than its age limit: counts as unknown, never as fine.</summary>
    Stale,

    /// <summary>Has not moved where it must: the sensor is frozen.</summary>
    Frozen,

    /// <summary>Outside what its quantity can be.</summary>
    Absurd,

    /// <summary>Could not be read.</summary>
    Failed,
}

/// <summary>One value of one sensor.</summary>
/// <param name="Name">Quantity in snake_case, without its unit: `soc_temperature`.</param>
/// <param name="Value">NaN where the state is Failed and nothing was ever read.</param>
/// <param name="Unit">`celsius`, `watts`, `bytes`, `ratio`, `hertz`, `seconds`, `count`, …</param>
/// <param name="Limit">What it must not exceed (or fall below, for supplies), where known.</param>
/// <param name="TakenAt">Timestamp of the snapshot's clock (TimeProvider.GetTimestamp) when it was read.</param>
/// <param name="Source">Path of the file below the sensors root, or who pushed it.</param>
internal sealed record Reading(
    string Name, double Value, string Unit, double? Limit, long TakenAt, string Source,
    ReadingState State = ReadingState.Good);

/// <summary>All readings of one moment; what is absent is not in it.</summary>
/// <param name="TakenAt">Timestamp when the snapshot was put together.</param>
internal sealed record SensorSnapshot(long TakenAt, IReadOnlyList<Reading> Readings)
{
    /// <summary>What happened to sensors since the snapshot before; each outage is told once.</summary>
    public IReadOnlyList<SensorEvent> Events { get; init; } = [];

    /// <summary>The reading of this name that can be believed, or null.</summary>
    public Reading? Good(string name) =>
        Readings.FirstOrDefault(reading => reading.Name == name && reading.State == ReadingState.Good);
}
