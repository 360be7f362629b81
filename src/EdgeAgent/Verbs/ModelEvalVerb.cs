using System.CommandLine;
using System.Globalization;
using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Evaluate;

namespace EdgeAgent.Verbs;

/// <summary>`model eval`: how good each level of a package is, on tasks or on a text.</summary>
internal static class ModelEvalVerb
{
    private const int RecordedTokens = 1024;
    private const int RecordedWindow = 512;

    public static Command Create(TimeProvider time)
    {
        var package = ModelArguments.Package();
        var tasks = ModelArguments.Text("--tasks", "FILE",
            "Lines of {\"task\",\"messages\",\"expected\"}: exact match of greedy answers");
        var text = ModelArguments.Text("--text", "FILE", "Text: perplexity");
        var tokens = ModelArguments.Number("--tokens", "With --text: its first so many tokens", int.MaxValue);
        var window = ModelArguments.Number("--window", "With --text: tokens of a window", 512);
        var level = ModelArguments.Level();
        var json = ModelArguments.Json();
        var verb = new Command("eval", "Measure accuracy or perplexity at every level, or at one")
            { package, tasks, text, tokens, window, level, json }
            .WithExamples(
                "edge-agent model eval models-lite/nano --tasks eval.jsonl",
                "edge-agent model eval ./smollm2 --text wiki.txt --tokens 1024 --window 512 --json");
        verb.SetAction(parsed =>
        {
            if (parsed.GetValue(tasks) is null == parsed.GetValue(text) is null)
            {
                throw new UsageException("Name either --tasks FILE or --text FILE.");
            }
            using var loaded = LoadedPackage.Open(parsed.GetValue(package)!);
            using var engine = ModelArguments.EvaluationEngine(loaded);
            int[] levels = ModelArguments.CheckLevel(parsed.GetValue(level), loaded.Manifest) is { } one
                ? [one]
                : [.. Enumerable.Range(0, engine.LevelCount)];
            return parsed.GetValue(tasks) is { } file
                ? Tasks(loaded, engine, TaskFile.Read(file), levels, parsed.GetValue(json), time)
                : Text(loaded, engine, parsed.GetValue(text)!, parsed.GetValue(tokens), parsed.GetValue(window), levels,
                    parsed.GetValue(json));
        });
        return verb;
    }

    private static int Tasks(
        LoadedPackage package, InferenceEngine engine, IReadOnlyList<EvaluationTask> tasks, int[] levels, bool json,
        TimeProvider time)
    {
        var results = levels.Select(level => Accuracy(package, engine, tasks, level, time)).ToArray();
        if (json)
        {
            Json(results, (writer, result) =>
            {
                writer.WriteNumber("level", result.Level);
                writer.WriteNumber("accuracy", result.Accuracy);
                writer.WriteStartObject("tasks");
                foreach (var (task, share) in result.Tasks)
                {
                    writer.WriteNumber(task, share);
                }
                writer.WriteEndObject();
            });
            return ExitCodes.Done;
        }
        VerbOutput.Table(["level", "all", .. results[0].Tasks.Keys], results.Select(result => (IReadOnlyList<string>)
            [$"{result.Level}", Share(result.Accuracy), .. result.Tasks.Values.Select(Share)]));
        return ExitCodes.Done;
    }

    /// <summary>Measures one level, with a progress line.</summary>
    public static LevelAccuracy Accuracy(
        LoadedPackage package, InferenceEngine engine, IReadOnlyList<EvaluationTask> tasks, int level,
        TimeProvider time)
    {
        var line = new ProgressLine($"level {level}", tasks.Count, time, "tasks");
        var result = TaskEvaluation.Run(package, engine, tasks, level, line.Report);
        line.End();
        return result;
    }

    /// <summary>Perplexity of every level over the first tokens of a text, as an import records it.</summary>
    public static double[] Perplexities(string path, string file)
    {
        using var package = LoadedPackage.Open(path);
        using var engine = ModelArguments.EvaluationEngine(package);
        var tokens = EvaluationText.Tokens(package, file, RecordedTokens);
        return [.. Enumerable.Range(0, engine.LevelCount).Select(level => PerplexityEvaluation.Run(
            engine, tokens, Math.Min(RecordedWindow, engine.Context), level).Perplexity)];
    }

    private static int Text(
        LoadedPackage package, InferenceEngine engine, string file, int first, int window, int[] levels, bool json)
    {
        if (window < 2 || window > engine.Context)
        {
            throw new UsageException($"--window {window}: must lie from 2 to the context of {engine.Context} tokens.");
        }
        var part = EvaluationText.Tokens(package, file, first);
        var results = levels.Select(level => PerplexityEvaluation.Run(engine, part, window, level)).ToArray();
        if (json)
        {
            Json(results, (writer, result) =>
            {
                writer.WriteNumber("level", result.Level);
                writer.WriteNumber("perplexity", Math.Round(result.Perplexity, 4));
                writer.WriteNumber("tokens", result.Tokens);
            });
            return ExitCodes.Done;
        }
        VerbOutput.Table(["level", "perplexity", "tokens"], results.Select(result => (IReadOnlyList<string>)
            [$"{result.Level}", result.Perplexity.ToString("0.00", CultureInfo.InvariantCulture), $"{result.Tokens}"]));
        return ExitCodes.Done;
    }

    private static void Json<T>(IEnumerable<T> results, Action<System.Text.Json.Utf8JsonWriter, T> write) =>
        VerbOutput.Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("levels");
            foreach (var result in results)
            {
                writer.WriteStartObject();
                write(writer, result);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    private static string Share(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
