using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Evaluate;
using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Verbs;

/// <summary>`model compare`: how far one package is from another of the same model.</summary>
internal static class ModelCompareVerb
{
    public static Command Create(TimeProvider time)
    {
        var reference = new Argument<string>("A") { Description = "Package that is taken for right, at level 0" };
        var other = new Argument<string>("B") { Description = "Package to compare with it" };
        var text = ModelArguments.Text("--text", "FILE", "Text to compare on; default: a short one of ours");
        var tokens = ModelArguments.Number("--tokens", "The first so many tokens of the text", 1024);
        var window = ModelArguments.Number("--window", "Tokens of a window", 512);
        var levels = new Option<bool>("--levels") { Description = "Compare every level of B, not level 0 alone" };
        var json = ModelArguments.Json();
        var verb = new Command("compare", "Compare the answers, size and speed of two packages")
            { reference, other, text, tokens, window, levels, json }
            .WithExamples(
                "edge-agent model compare ./smollm2-fp32 ./smollm2",
                "edge-agent model compare ./smollm2-fp32 ./smollm2 --levels --text wiki.txt --json");
        verb.SetAction((parsed, cancel) => Task.Run(() =>
        {
            using var a = LoadedPackage.Open(parsed.GetValue(reference)!);
            using var b = LoadedPackage.Open(parsed.GetValue(other)!);
            using var engineA = ModelArguments.EvaluationEngine(a);
            using var engineB = ModelArguments.EvaluationEngine(b);
            var ids = EvaluationText.Tokens(a, parsed.GetValue(text), parsed.GetValue(tokens));
            var width = Math.Clamp(parsed.GetValue(window), 2, Math.Min(engineA.Context, engineB.Context));
            var count = parsed.GetValue(levels) ? engineB.LevelCount : 1;
            var line = new ProgressLine("levels", count, time);
            var results = new List<LevelComparison>();
            for (var level = 0; level < count; level++)
            {
                results.Add(PackageComparison.Run(engineA, engineB, ids, width, level, cancel));
                line.Report(level + 1);
            }
            line.End();
            Compared first = new(a, PackageComparison.DecodeSpeed(engineA, 0, time));
            Compared second = new(b, PackageComparison.DecodeSpeed(engineB, 0, time));
            return parsed.GetValue(json) ? PrintJson(first, second, results) : Print(first, second, results);
        }, cancel));
        return verb;
    }

    private static int Print(Compared a, Compared b, List<LevelComparison> levels)
    {
        VerbOutput.Table(["package", "weights", "decode"],
            new[] { a, b }.Select(one => (IReadOnlyList<string>)
            [
                one.Package.Manifest.FullName, Text($"{one.SizeBytes / 1e6:0.0} MB"),
                Text($"{one.TokensPerSecond:0.0} tokens/s"),
            ]));
        VerbOutput.Table(["level of B", "KL divergence", "same likeliest token", "tokens"],
            levels.Select(level => (IReadOnlyList<string>)
            [
                Text($"{level.Level}"), Text($"{level.Divergence:0.0000}"), Text($"{100 * level.Agreement:0.0} %"),
                Text($"{level.Tokens}"),
            ]));
        return ExitCodes.Done;
    }

    private static int PrintJson(Compared a, Compared b, List<LevelComparison> levels)
    {
        VerbOutput.Json(writer =>
        {
            writer.WriteStartObject();
            foreach (var (name, one) in new[] { ("a", a), ("b", b) })
            {
                writer.WriteStartObject(name);
                writer.WriteString("model", one.Package.Manifest.FullName);
                writer.WriteNumber("size_bytes", one.SizeBytes);
                writer.WriteNumber("tokens_per_second", Math.Round(one.TokensPerSecond, 2));
                writer.WriteEndObject();
            }
            writer.WriteStartArray("levels");
            foreach (var level in levels)
            {
                writer.WriteStartObject();
                writer.WriteNumber("level", level.Level);
                writer.WriteNumber("kl_divergence", Math.Round(level.Divergence, 6));
                writer.WriteNumber("top1_agreement", Math.Round(level.Agreement, 4));
                writer.WriteNumber("tokens", level.Tokens);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        return ExitCodes.Done;
    }

    /// <summary>One of the two packages, with what was measured of it alone.</summary>
    private sealed record Compared(LoadedPackage Package, double TokensPerSecond)
    {
        public long SizeBytes => Package.Manifest.Memory.WeightsBytes;
    }
}
