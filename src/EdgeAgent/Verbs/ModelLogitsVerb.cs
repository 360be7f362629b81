using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.Inference;

namespace EdgeAgent.Verbs;

/// <summary>`model logits`: the raw output of a model, for checks against other implementations.</summary>
internal static class ModelLogitsVerb
{
    public static Command Create()
    {
        var package = ModelArguments.Package();
        var tokens = ModelArguments.Text("--tokens", "1,2,3", "Token ids");
        tokens.Required = true;
        var level = ModelArguments.Level();
        var json = ModelArguments.Json();
        var verb = new Command("logits", "Print the logits after each of the given tokens")
            { package, tokens, level, json }
            .WithExamples("edge-agent model logits models-lite/nano --tokens 1,2425 --json");
        verb.SetAction(parsed =>
            Run(parsed.GetValue(package)!, ModelArguments.Tokens(parsed.GetValue(tokens)!), parsed.GetValue(level),
                parsed.GetValue(json)));
        return verb;
    }

    private static int Run(string path, int[] tokens, int? level, bool json)
    {
        using var package = LoadedPackage.Open(path);
        var wanted = ModelArguments.CheckLevel(level, package.Manifest) ?? 0;
        using var engine = ModelArguments.EvaluationEngine(package);
        if (tokens.FirstOrDefault(id => id >= engine.VocabularySize, -1) is var unknown and >= 0)
        {
            throw new UsageException(
                $"--tokens: there is no token {unknown}; ids go up to {engine.VocabularySize - 1}.");
        }
        var rows = Rows(engine, tokens, wanted);
        if (json)
        {
            PrintJson(rows);
        }
        else
        {
            PrintLikeliest(package, rows);
        }
        return ExitCodes.Done;
    }

    private static IEnumerable<float[]> Rows(InferenceEngine engine, int[] tokens, int level)
    {
        for (var past = 0; past < tokens.Length; past += engine.LogitRows)
        {
            var count = Math.Min(engine.LogitRows, tokens.Length - past);
            engine.Extend(0, tokens.AsSpan(past, count), past, level, count);
            for (var row = 0; row < count; row++)
            {
                yield return engine.Logits(row).ToArray();
            }
        }
    }

    private static void PrintJson(IEnumerable<float[]> rows) => VerbOutput.Json(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("logits");
        foreach (var row in rows)
        {
            writer.WriteStartArray();
            Array.ForEach(row, writer.WriteNumberValue);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static void PrintLikeliest(LoadedPackage package, IEnumerable<float[]> rows)
    {
        const int Shown = 5;
        var position = 0;
        foreach (var row in rows)
        {
            var best = row.Select((logit, id) => (Logit: logit, Id: id)).OrderByDescending(x => x.Logit).Take(Shown);
            var text = string.Join("  ", best.Select(x =>
                FormattableString.Invariant($"{x.Id}{TextOf(package, x.Id)} {x.Logit:0.000}")));
            VerbOutput.Line($"{position++}: {text}");
        }
    }

    private static string TextOf(LoadedPackage package, int id) =>
        package.HasTokenizer ? $" '{package.Tokenizer.TokenText(id)}'" : "";
}
