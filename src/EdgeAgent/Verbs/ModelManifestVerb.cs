using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.ModelPackage;
using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Verbs;

/// <summary>`model info`: what a package says of itself.</summary>
internal static class ModelManifestVerb
{
    public static Command Create()
    {
        var package = ModelArguments.Package();
        var json = ModelArguments.Json();
        var verb = new Command("info", "Show the manifest of a model package") { package, json }
            .WithExamples("edge-agent model info models-lite/nano", "edge-agent model info models-lite/nano --json");
        verb.SetAction(parsed =>
        {
            var manifest = PackageFolder.Open(parsed.GetValue(package)!).Manifest;
            if (parsed.GetValue(json))
            {
                VerbOutput.Line(ManifestJson.Write(manifest));
            }
            else
            {
                Print(manifest);
            }
            return ExitCodes.Done;
        });
        return verb;
    }

    public static void Print(PackageManifest m)
    {
        var (a, q) = (m.Architecture, m.Quantization);
        var stored = q.Method == "none" ? "fp32" : q.BodyBits is { } bits
            ? Text($"{q.Method}, {bits:0.00} bits a weight") : $"INT{q.Bits}, blocks of {q.BlockSize}, {q.Method}";
        VerbOutput.Line(Text($"{m.FullName}  ({m.Licence})"));
        VerbOutput.Line(Text(
            $"  {a.Family}, {a.Parameters / 1e6:0.0} million parameters, {a.Layers} layers, {stored}"));
        VerbOutput.Line(Text($"  context {m.Context} tokens, vocabulary {a.VocabularySize}"));
        VerbOutput.Line(Text($"  weights {m.Memory.WeightsBytes / 1e6:0.0} MB, ")
            + Text($"KV cache {m.Memory.KvBytesPerToken / 1024.0:0.0} KiB per token"));
        string[] columns = ["level", "body", "MB per token", "accuracy", "perplexity"];
        VerbOutput.Table(columns, m.Levels.Select(level => (IReadOnlyList<string>)
        [
            Text($"{level.Level}"),
            Text($"{100 * level.BodyShare:0.0} %"),
            Text($"{level.BytesPerToken / 1e6:0.00}"),
            level.Accuracy is { } accuracy ? Text($"{100 * accuracy:0.0} %") : "not measured",
            level.Perplexity is { } perplexity ? Text($"{perplexity:0.00}") : "not measured",
        ]));
    }
}
