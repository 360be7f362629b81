using System.CommandLine;
using System.Globalization;
using EdgeAgent.ModelPackage;
using EdgeAgent.Pruning;
using EdgeAgent.Simulation;

namespace EdgeAgent.Verbs;

/// <summary>The options of `simulate`, and the run that they describe.</summary>
internal sealed class SimulateArguments
{
    /// <summary>Weights that a token of SmolLM2-135M reads: INT4 in blocks of 32, INT8 head.</summary>
    private const double StandardMegabytes = 98;

    private readonly Option<string?> _board = Text("--board", "NAME", "Name of --list");
    private readonly Option<double> _ambient = Number("--ambient", "C", "Air in °C, -40 to 85", 25);
    private readonly Option<string?> _load = Text("--load", "SPEC", $"{LoadPattern.Forms}; default: constant");
    private readonly Option<double> _hours = Number("--hours", "N", "Length, up to 168", 1);
    private readonly Option<SimulatedGovernor> _governor = new("--governor")
    { Description = "full, kernel (the board's own throttling), pace or level", HelpName = "WHICH" };

    private readonly Option<bool> _noClock = new("--no-clock") { Description = "The governor may not limit the clock" };
    private readonly Option<GovernorProfile> _profile = new("--profile")
    {
        Description = "performance, balanced, quiet or battery",
        HelpName = "NAME",
        DefaultValueFactory = _ => GovernorProfile.Balanced,
    };

    private readonly Option<double?> _watts = new("--watts") { Description = "Power budget", HelpName = "W" };
    private readonly Option<int?> _highest = new("--highest-level")
    { Description = "The highest level that the governor may use", HelpName = "N" };

    private readonly Option<double> _resistance =
        Number("--resistance", "X", "Thermal resistance times this, 0.1 to 10", 1);

    private readonly Option<string?> _model = Text("--model", "DIR", "Package whose levels are used; default: Nano");
    private readonly Option<double> _megabytes = Number(
        "--megabytes", "MB", "Weights of a token at level 0, 0.1 to 100000; default: SmolLM2-135M", StandardMegabytes);

    private readonly Option<int> _seed = new("--seed") { Description = "Of random arrivals", HelpName = "N" };

    /// <summary>All of them, in the order of the help page.</summary>
    public IEnumerable<Option> All =>
    [
        _board, _ambient, _load, _hours, _governor, _noClock, _profile, _watts, _highest, _resistance, _model,
        _megabytes, _seed,
    ];

    /// <exception cref="UsageException">A value lies outside its range.</exception>
    public SimulationSetup Setup(ParseResult parsed)
    {
        var load = parsed.GetValue(_load) ?? "constant";
        return new SimulationSetup
        {
            Board = Board(parsed.GetValue(_board)).WithResistance(Within(parsed, _resistance, 0.1, 10)),
            AmbientCelsius = Within(parsed, _ambient, -40, 85),
            Load = LoadPattern.Parse(load) ?? throw new UsageException($"--load {load}: write {LoadPattern.Forms}."),
            Levels = Levels(parsed.GetValue(_model), Within(parsed, _megabytes, 0.1, 100_000)),
            Governor = parsed.GetValue(_governor),
            AllowsClock = !parsed.GetValue(_noClock),
            Length = TimeSpan.FromHours(Within(parsed, _hours, 0.01, 168)),
            Seed = parsed.GetValue(_seed),
            Options = new()
            {
                Profile = parsed.GetValue(_profile),
                PowerBudgetWatts = parsed.GetValue(_watts),
                HighestLevel = parsed.GetValue(_highest),
            },
        };
    }

    private static Option<string?> Text(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help };

    private static Option<double> Number(string name, string help, string description, double standard) =>
        new(name) { Description = description, HelpName = help, DefaultValueFactory = _ => standard };

    private static BoardModel Board(string? name) =>
        name is not null && Boards.Find(name) is { } board ? board
            : throw new UsageException($"--board wants one of {string.Join(", ", Boards.All.Select(b => b.Name))}.");

    /// <summary>The shares and accuracies of a package's levels, on a model of this size.</summary>
    private static IReadOnlyList<LevelCost> Levels(string? folder, double megabytes)
    {
        var path = folder ?? Path.Combine(AppContext.BaseDirectory, "models-lite", "nano");
        var levels = PackageFolder.Open(path).Manifest.Levels;
        return [.. levels.Select(level => new LevelCost(
            megabytes * 1e6 * level.BytesPerToken / levels[0].BytesPerToken,
            level.Accuracy ?? throw new UsageException($"{path}: level {level.Level} has no measured accuracy.")))];
    }

    private static double Within(ParseResult parsed, Option<double> option, double min, double max)
    {
        var value = parsed.GetValue(option);
        return value >= min && value <= max ? value : throw new UsageException(
            string.Create(CultureInfo.InvariantCulture, $"{option.Name} {value}: must lie from {min} to {max}."));
    }
}
