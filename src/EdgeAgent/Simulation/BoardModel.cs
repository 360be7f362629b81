namespace EdgeAgent.Simulation;

/// <summary>The constants of one simulated board; decision 0006 says where each comes from.</summary>
/// <remarks>
/// Two thermal masses in a row: the SoC heats the board (or its heatsink), which heats the air. What the board draws
/// beside the SoC heats the board alone. Speed is bytes / bandwidth + cycles per byte / clock, the form that fits
/// the published decode speeds of a Raspberry Pi 5 at four clocks within 3 %.
/// </remarks>
internal sealed record BoardModel
{
    public required string Name { get; init; }

    /// <summary>What it is and how it is cooled, for people.</summary>
    public required string Description { get; init; }

    /// <summary>Draw of the whole board while nothing is computed.</summary>
    public required double IdleWatts { get; init; }

    /// <summary>The part of every draw that never heats the SoC.</summary>
    public required double BesideSocWatts { get; init; }

    /// <summary>Clocks in rising order, each with the draw of the whole board while all cores compute.</summary>
    public required IReadOnlyList<ClockPoint> Clocks { get; init; }

    /// <summary>Kelvin per watt from the SoC to the board or heatsink.</summary>
    public required double SocResistance { get; init; }

    /// <summary>Kelvin per watt from the board or heatsink to the air.</summary>
    public required double AirResistance { get; init; }

    /// <summary>Joule per kelvin of die and package.</summary>
    public required double SocCapacity { get; init; }

    /// <summary>Joule per kelvin of the board or heatsink.</summary>
    public required double BoardCapacity { get; init; }

    /// <summary>Bytes of weights per second that decoding streams at most.</summary>
    public required double BytesPerSecond { get; init; }

    /// <summary>Cycles that decoding spends on one byte of weights, all cores together.</summary>
    public required double CyclesPerByte { get; init; }

    public required KernelTrips Kernel { get; init; }

    public double HighestHertz => Clocks[^1].Hertz;

    public double LowestHertz => Clocks[0].Hertz;

    /// <summary>The same board with other cooling: both resistances times a factor.</summary>
    public BoardModel WithResistance(double factor) =>
        this with { SocResistance = SocResistance * factor, AirResistance = AirResistance * factor };

    /// <summary>Draw of the whole board while all cores compute at this clock.</summary>
    /// <remarks>Between two measured clocks a straight line; below the lowest the voltage no longer falls, so what
    /// computing adds is proportional to the clock.</remarks>
    public double BusyWatts(double hertz)
    {
        if (hertz <= LowestHertz)
        {
            return IdleWatts + (Clocks[0].Watts - IdleWatts) * hertz / LowestHertz;
        }
        for (var i = 1; i < Clocks.Count; i++)
        {
            var (low, high) = (Clocks[i - 1], Clocks[i]);
            if (hertz <= high.Hertz)
            {
                return low.Watts + (high.Watts - low.Watts) * (hertz - low.Hertz) / (high.Hertz - low.Hertz);
            }
        }
        return Clocks[^1].Watts;
    }

    /// <summary>Seconds of one decoded token that reads this many bytes of weights.</summary>
    public double TokenSeconds(double bytes, double hertz) => bytes * (1 / BytesPerSecond + CyclesPerByte / hertz);
}

/// <summary>A clock and what the board draws while it computes at it.</summary>
internal readonly record struct ClockPoint(double Hertz, double Watts);

/// <summary>Where and how firmware or kernel take the clock back.</summary>
/// <param name="SoftCelsius">From here on the clock falls: the limit that the agent reads.</param>
/// <param name="HardCelsius">Here the lowest regular clock is reached, above it less than that.</param>
/// <param name="FloorHertz">The lowest clock that throttling goes to.</param>
/// <param name="Stepwise">Linux' step_wise governor, one clock step a poll, instead of the firmware's slope.</param>
internal sealed record KernelTrips(double SoftCelsius, double HardCelsius, double FloorHertz, bool Stepwise);
