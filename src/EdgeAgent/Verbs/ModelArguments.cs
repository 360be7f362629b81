using System.CommandLine;
using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Verbs;

/// <summary>Arguments and options that several verbs share.</summary>
internal static class ModelArguments
{
    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON" };

    /// <summary>An option that takes a text.</summary>
    public static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { Description = description, HelpName = helpName };

    /// <summary>An option that takes a text and has a default.</summary>
    public static Option<string> Text(string name, string helpName, string description, string otherwise) =>
        new(name) { Description = description, HelpName = helpName, DefaultValueFactory = _ => otherwise };

    /// <summary>An option that takes a whole number and has a default.</summary>
    public static Option<int> Number(string name, string description, int otherwise) =>
        new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => otherwise };

    public static Argument<string> Package() => new("DIR") { Description = "Folder of a model package" };

    public static Option<int?> Level() =>
        new("--level") { Description = "Pruning level: 0 computes everything", HelpName = "N" };

    /// <summary>The level that was asked for, or null for none.</summary>
    /// <exception cref="UsageException">The package has no such level.</exception>
    public static int? CheckLevel(int? level, PackageManifest manifest) =>
        level is null || (level >= 0 && level < manifest.Levels.Count)
            ? level
            : throw new UsageException(
                $"--level {level}: {manifest.FullName} has levels 0 to {manifest.Levels.Count - 1}.");

    /// <summary>Comma-separated token ids.</summary>
    /// <exception cref="UsageException">Not a list of ids.</exception>
    public static int[] Tokens(string list) => list.Split(',').Select(part =>
        int.TryParse(part, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture,
            out var id)
            ? id
            : throw new UsageException($"'{part}' is no token id; write ids as 1,2,3.")).ToArray();

    /// <summary>An engine with room for many rows of logits, as evaluation wants it.</summary>
    public static InferenceEngine EvaluationEngine(LoadedPackage package) =>
        new(package, new EngineOptions { ChunkTokens = 256, LogitRows = 64 });
}
