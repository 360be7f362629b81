namespace EdgeAgent.Protocol;

/// <summary>The readings of one moment.</summary>
internal sealed record TelemetryBody
{
    public required string Epoch { get; init; }

    /// <summary>Grows by one within an epoch.</summary>
    public required long Seq { get; init; }

    /// <summary>Unix time in milliseconds.</summary>
    public required long Time { get; init; }

    /// <summary>Whether the clock is known to be right: boards without a battery start in the past.</summary>
    public required bool TimeOk { get; init; }

    /// <summary>Values by name with the unit last; those that are not finite are left out.</summary>
    public required IReadOnlyDictionary<string, double> Readings
    {
        get;
        // [P-32]
        init => field = value.Values.All(double.IsFinite)
            ? value
            : value.Where(reading => double.IsFinite(reading.Value)).ToDictionary();
    }
}
