using System.Text;
using EdgeAgent.Inference;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Verbs;

/// <summary>A text as tokens of a package, to measure the package on.</summary>
internal static class EvaluationText
{
    private const int MaximumBytes = 64 << 20;

    /// <summary>The second token is the first that can be predicted.</summary>
    private const int LeastTokens = 2;

    /// <summary>The first so many tokens of a file.</summary>
    /// <param name="file">Null: a short text of ours.</param>
    /// <exception cref="ModelToolsException">The file is missing, too large or no regular file.</exception>
    /// <exception cref="UsageException">The file is too short.</exception>
    public static int[] Tokens(LoadedPackage package, string? file, int first)
    {
        var tokens = new List<int>();
        var text = file is null ? Encoding.UTF8.GetBytes(CalibrationPrompts.Text)
            : SourceFile.ReadBytes(file, MaximumBytes, $"--text {file}");
        package.Tokenizer.Encode(text, tokens);
        return tokens.Count >= LeastTokens
            ? [.. tokens.Take(Math.Max(LeastTokens, first))]
            : throw new UsageException($"--text {file}: {tokens.Count} tokens; it needs at least {LeastTokens}.");
    }
}
