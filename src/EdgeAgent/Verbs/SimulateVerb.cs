using System.CommandLine;
using System.Text.Json;
using EdgeAgent.Hosting;
using EdgeAgent.Pruning;
using EdgeAgent.Simulation;
using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Verbs;

/// <summary>`simulate`: what the governor does on a board of this kind, in this heat, under this load.</summary>
internal static class SimulateVerb
{
    public static Command Create()
    {
        var arguments = new SimulateArguments();
        var list = new Option<bool>("--list") { Description = "List the boards" };
        var csv = new Option<string?>("--csv") { Description = "Write a sample every ten seconds", HelpName = "FILE" };
        var json = ModelArguments.Json();
        var verb = new Command("simulate", "Try the governor on a simulated board") { list, csv, json };
        foreach (var option in arguments.All)
        {
            verb.Options.Add(option);
        }
        verb.SetAction(parsed =>
        {
            if (parsed.GetValue(list))
            {
                List();
            }
            else
            {
                Print(Run(arguments.Setup(parsed)), parsed.GetValue(csv), parsed.GetValue(json));
            }
            return ExitCodes.Done;
        });
        return verb.WithExamples(
            "edge-agent simulate --list",
            "edge-agent simulate --board pi5-case --ambient 45 --load constant",
            "edge-agent simulate --board pi5 --ambient 45 --load poisson:2 --governor kernel --csv run.csv");
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

    private static void List() => VerbOutput.Table(
        ["board", "what"], Boards.All.Select(board => (IReadOnlyList<string>)[board.Name, board.Description]));

    private static void Print(SimulationResult result, string? csv, bool json)
    {
        if (csv is not null)
        {
            File.WriteAllLines(csv, SimulationChart.Csv(result.Samples));
        }
        if (json)
        {
            VerbOutput.Json(writer => Json(writer, result));
            return;
        }
        VerbOutput.Line(SimulationChart.Draw(result.Samples));
        VerbOutput.Line(Text($"{result.TokensPerSecond:0.0} tok/s at a mean accuracy of {result.MeanAccuracy:0.000}"));
        VerbOutput.Line(Text($"at most {result.MaxTemperatureCelsius:0.0} °C; {result.MeanWatts:0.00} W on average; ")
            + Text($"clock taken back by the board for {result.ThrottledSeconds:0} s"));
        VerbOutput.Line(Text($"{result.LevelChanges} changes of level, ")
            + Text($"{result.LateLevelChanges} of them in the last 30 minutes"));
        VerbOutput.Line(Text($"99 of 100 answers within {result.P99Milliseconds:0} ms; {result.Answered} answered, ")
            + Text($"{result.Refused} refused, {result.Expired} expired"));
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
}
