using EdgeAgent.Pruning;

namespace EdgeAgent.Simulation;

/// <summary>What acts against heat in a simulated run.</summary>
internal enum SimulatedGovernor
{
    /// <summary>Clock limit, pace and levels.</summary>
    Full,

    /// <summary>Nothing but the board's own throttling.</summary>
    Kernel,

    /// <summary>The governor with pace alone.</summary>
    Pace,

    /// <summary>The governor with levels alone.</summary>
    Level,
}

/// <summary>What a pruning level costs and how good it is.</summary>
/// <param name="BytesPerToken">Bytes of weights that one decoded token reads.</param>
internal sealed record LevelCost(double BytesPerToken, double Accuracy);

/// <summary>Everything that one simulated run depends on.</summary>
internal sealed record SimulationSetup
{
    public required BoardModel Board { get; init; }

    public required double AmbientCelsius { get; init; }

    public required LoadPattern Load { get; init; }

    /// <summary>The model's levels, 0 first.</summary>
    public required IReadOnlyList<LevelCost> Levels { get; init; }

    public SimulatedGovernor Governor { get; init; }

    /// <summary>Whether the operator lets the governor limit the clock.</summary>
    public bool AllowsClock { get; init; } = true;

    public TimeSpan Length { get; init; } = TimeSpan.FromHours(1);

    public int Seed { get; init; } = 1;

    /// <summary>Tokens of an answer; prompts cost nothing here, as most of one is in the prefix cache.</summary>
    public int AnswerTokens { get; init; } = 64;

    /// <summary>Requests that may wait, as the agent's default has it.</summary>
    public int QueueLength { get; init; } = 32;

    /// <summary>After this a request is answered "expired", as the agent's default has it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Options of the governor; its means follow from <see cref="Governor"/>.</summary>
    public GovernorOptions Options { get; init; } = new();

    /// <summary>Requests a second that the board answers at level 0 and its highest clock.</summary>
    public double FullPerSecond =>
        1 / (AnswerTokens * Board.TokenSeconds(Levels[0].BytesPerToken, Board.HighestHertz));

    /// <summary>Options with the means that this run allows.</summary>
    public GovernorOptions GovernorOptions => Options with
    {
        Means = Governor switch
        {
            SimulatedGovernor.Pace => GovernorMeans.Pace,
            SimulatedGovernor.Level => GovernorMeans.Level,
            _ => GovernorMeans.Pace | GovernorMeans.Level | (AllowsClock ? GovernorMeans.Clock : GovernorMeans.None),
        },
    };
}
