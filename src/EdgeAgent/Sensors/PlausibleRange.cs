namespace EdgeAgent.Sensors;

/// <summary>What a quantity can be on a board, and how fast it can change; outside of it a reading is absurd.</summary>
/// <remarks>Wide on purpose: it must catch wrong units (factors of a thousand) and broken sensors, not hot
/// days.</remarks>
internal readonly record struct PlausibleRange(double Least, double Most)
{
    // A die can leap some 20 degrees within a second of full load; 40 at once and 20 a second are beyond heat capacity.
    public const double JumpCelsius = 40;
    public const double SlopeCelsiusPerSecond = 20;

    /// <summary>A computing board draws at least this; less is milliwatts reported as microwatts.</summary>
    public const double LeastBoardWatts = 0.2;

    /// <param name="isBoard">The board's own total, which cannot be next to nothing.</param>
    public static PlausibleRange Of(string unit, bool isBoard) => unit switch
    {
        "celsius" => new(-40, 150), // industrial minimum; silicon is dead above
        "watts" => new(isBoard ? LeastBoardWatts : 0, 2000),
        "volts" => new(-60, 1000), // battery packs and mains monitors included
        "amperes" => new(-500, 500),
        "hertz" => new(1e6, 2e10),
        "rpm" => new(0, 60_000),
        "ratio" => new(0, 1.000001),
        "bytes" => new(0, 1e16),
        "seconds" => new(0, 1e10),
        "count" => new(0, 1e15),
        _ => new(double.MinValue, double.MaxValue),
    };

    /// <summary>What others push: an oven and a motor know other ranges than a board, and no range of change.</summary>
    public static PlausibleRange OfPushed(string unit) => unit == "celsius"
        ? new(-273.15, 4000) // absolute zero; above it nothing of a line is solid
        : new(double.MinValue, double.MaxValue);

    public bool Contains(double value) => value >= Least && value <= Most;

    /// <summary>Whether a quantity could get from one value to another in this time.</summary>
    public static bool CanFollow(string unit, double before, double value, double seconds) =>
        unit != "celsius" || Math.Abs(value - before) <= JumpCelsius + (SlopeCelsiusPerSecond * seconds);
}
