using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EdgeAgent.Hosting;
using EdgeAgent.ModelPackage;
using EdgeAgent.Pruning;
using EdgeAgent.Simulation;

namespace EdgeAgent.Verbs;

/// <summary>`simulate`: what the governor does on a board of this kind, in this heat, under this load.</summary>
internal static class SimulateVerb
{
    /// <summary>Weights that a token of SmolLM2-135M reads: INT4 in blocks of 32, INT8 head.</summary>
    private const double StandardMegabytes = 98;

    private const double LongestHours = 168;

    public static Command Create()
    {
        var board = new Option<string?>("--board") { Description = "Name of --list", HelpName = "NAME" };
        var list = new Option<bool>("--list") { Description = "List the boards" };
        var ambient = new Option<double>("--ambient") { Description = "Air in °C, -40 to 85", HelpName = "C", DefaultValueFactory = _ => 25 };
        var load = new Option<string>("--load") { Description = LoadPattern.Forms, HelpName = "SPEC", DefaultValueFactory = _ => "constant" };
        var hours = new Option<double>("--hours") { Description = "Length, up to 168", HelpName = "N", DefaultValueFactory = _ => 1 };
        var governor = new Option<SimulatedGovernor>("--governor") { Description = "full, kernel (the board's own throttling), pace or level", HelpName = "WHICH" };
        var noClock = new Option<bool>("--no-clock") { Description = "The governor may not limit the clock" };
        var profile = new Option<GovernorProfile>("--profile") { Description = "performance, balanced, quiet or battery", HelpName = "NAME", DefaultValueFactory = _ => GovernorProfile.Balanced };
        var watts = new Option<double?>("--watts") { Description = "Power budget of the governor", HelpName = "W" };
        var resistance = new Option<double>("--resistance") { Description = "Thermal resistance times this, 0.1 to 10", HelpName = "X", DefaultValueFactory = _ => 1 };
        var model = new Option<string?>("--model") { Description = "Package whose levels are simulated; default: Nano", HelpName = "DIR" };
        var megabytes = new Option<double>("--megabytes") { Description = "Weights that a token reads at level 0, up to 100000; default: SmolLM2-135M in INT4", HelpName = "MB", DefaultValueFactory = _ => StandardMegabytes };
        var highest = new Option<int?>("--highest-level") { Description = "The highest level that the governor may use", HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Of random arrivals", HelpName = "N", DefaultValueFactory = _ => 1 };
        var csv = new Option<string?>("--csv") { Description = "Write a sample every ten seconds", HelpName = "FILE" };
        var json = ModelArguments.Json();
        var verb = new Command("simulate", "Try the governor on a simulated board")
            { board, list, ambient, load, hours, governor, noClock, profile, watts, resistance, model, megabytes, highest, seed, csv, json }
            .WithExamples(
                "edge-agent simulate --list",
                "edge-agent simulate --board pi5-case --ambient 45 --load constant",
                "edge-agent simulate --board pi5 --ambient 45 --load poisson:2 --governor kernel --csv run.csv");
        verb.SetAction(parsed =>
        {
            if (parsed.GetValue(list))
            {
                VerbOutput.Table(["board", "what"], Boards.All.Select(b => (IReadOnlyList<string>)[b.Name, b.Description]));
                return ExitCodes.Done;
            }
            var setup = new SimulationSetup
            {
                Board = Board(parsed.GetValue(board)).WithResistance(Within("--resistance", parsed.GetValue(resistance), 0.1, 10)),
                AmbientCelsius = Within("--ambient", parsed.GetValue(ambient), -40, 85),
                Load = LoadPattern.Parse(parsed.GetValue(load)!)
                    ?? throw new UsageException($"--load {parsed.GetValue(load)}: write {LoadPattern.Forms}."),
                Levels = Levels(parsed.GetValue(model), Within("--megabytes", parsed.GetValue(megabytes), 0.1, 100_000)),
                Governor = parsed.GetValue(governor),
                AllowsClock = !parsed.GetValue(noClock),
                Length = TimeSpan.FromHours(Within("--hours", parsed.GetValue(hours), 0.01, LongestHours)),
                Seed = parsed.GetValue(seed),
                Options = new() { Profile = parsed.GetValue(profile), PowerBudgetWatts = parsed.GetValue(watts), HighestLevel = parsed.GetValue(highest) },
            };
            return Print(Run(setup), parsed.GetValue(csv), parsed.GetValue(json));
        });
        return verb;
    }

    private static SimulationResult Run(SimulationSetup setup)
    {
        try
        {
            return BoardSimulation.Run(setup);
        }
        catch (GovernorLimitsException error)
        {
            throw new UsageException(error.Message);
        }
    }

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

    private static double Within(string option, double value, double min, double max) =>
        value >= min && value <= max ? value
            : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} {value}: {min} to {max}."));

    private static int Print(SimulationResult result, string? csv, bool json)
    {
        if (csv is not null)
        {
            File.WriteAllLines(csv, SimulationChart.Csv(result.Samples));
        }
        if (json)
        {
            VerbOutput.Json(writer => Json(writer, result));
            return ExitCodes.Done;
        }
        VerbOutput.Line(SimulationChart.Draw(result.Samples));
        VerbOutput.Line(Text($"{result.TokensPerSecond:0.0} tok/s at a mean accuracy of {result.MeanAccuracy:0.000}"));
        VerbOutput.Line(Text($"at most {result.MaxTemperatureCelsius:0.0} °C, {result.ThrottledSeconds:0} s throttled by the board, {result.MeanWatts:0.00} W"));
        VerbOutput.Line(Text($"{result.LevelChanges} changes of level, {result.LateLevelChanges} of them in the last 30 minutes"));
        VerbOutput.Line(Text($"99 of 100 answers within {result.P99Milliseconds:0} ms; {result.Answered} answered, {result.Refused} refused, {result.Expired} expired"));
        return ExitCodes.Done;
    }

    private static void Json(Utf8JsonWriter writer, SimulationResult result)
    {
        writer.WriteStartObject();
        writer.WriteNumber("tokens_per_second", Math.Round(result.TokensPerSecond, 2));
        writer.WriteNumber("mean_accuracy", Math.Round(result.MeanAccuracy, 4));
        writer.WriteNumber("max_temperature_celsius", Math.Round(result.MaxTemperatureCelsius, 2));
        writer.WriteNumber("level_changes", result.LevelChanges);
        writer.WriteNumber("p99_ms", Math.Round(result.P99Milliseconds, 1));
        writer.WriteNumber("late_level_changes", result.LateLevelChanges);
        writer.WriteNumber("answered", result.Answered);
        writer.WriteNumber("refused", result.Refused);
        writer.WriteNumber("expired", result.Expired);
        writer.WriteNumber("throttled_seconds", Math.Round(result.ThrottledSeconds, 1));
        writer.WriteNumber("mean_watts", Math.Round(result.MeanWatts, 3));
        writer.WriteEndObject();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
