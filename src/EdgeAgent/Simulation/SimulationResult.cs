namespace EdgeAgent.Simulation;

/// <summary>The board and the service at one moment of a simulated run.</summary>
internal readonly record struct SimulationSample(
    double Seconds, double SocCelsius, double Watts, double Gigahertz, int Level, double Pace, double TokensPerSecond,
    int Waiting);

/// <summary>What a simulated run came to.</summary>
internal sealed record SimulationResult
{
    public required double TokensPerSecond { get; init; }

    /// <summary>Accuracy of the levels, weighted by the tokens that each computed.</summary>
    public required double MeanAccuracy { get; init; }

    public required double MaxTemperatureCelsius { get; init; }

    public required int LevelChanges { get; init; }

    /// <summary>Changes of level in the last half hour.</summary>
    public required int LateLevelChanges { get; init; }

    /// <summary>99th percentile of the time to an answer; an expired request counts with its timeout.</summary>
    public required double P99Milliseconds { get; init; }

    public required int Answered { get; init; }

    /// <summary>Refused at once: no room, or the plan said no.</summary>
    public required int Refused { get; init; }

    public required int Expired { get; init; }

    /// <summary>Time in which firmware or kernel had taken the clock back.</summary>
    public required double ThrottledSeconds { get; init; }

    public required double MeanWatts { get; init; }

    /// <summary>One sample every ten seconds.</summary>
    public required IReadOnlyList<SimulationSample> Samples { get; init; }
}
