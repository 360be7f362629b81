using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>The tokens that a model is calibrated on, in windows that know nothing of each other.</summary>
internal static class CalibrationText
{
    /// <summary>Tokens of a window; the context of the model may be shorter.</summary>
    public const int Window = 512;

    /// <summary>Windows: about 28,000 tokens.</summary>
    public const int Windows = 56;

    /// <summary>Most of them that are prose of ours; the rest the model samples.</summary>
    private const int ProseWindows = 50;

    private const int Seed = 20_260;
    private const int MaximumBytes = 64 << 20;

    /// <summary>Windows out of a file, spread evenly over it.</summary>
    /// <exception cref="ModelToolsException">The file is missing, too large or too short.</exception>
    public static List<int[]> FromFile(LoadedPackage draft, string path)
    {
        var tokens = new List<int>();
        draft.Tokenizer.Encode(SourceFile.ReadBytes(path, MaximumBytes, $"--calibration {path}"), tokens);
        var window = Math.Min(Window, draft.Manifest.Context);
        var all = tokens.Chunk(window).Where(part => part.Length == window).ToList();
        if (all.Count == 0)
        {
            throw new ModelToolsException(ModelToolsFault.CalibrationFailed,
                $"--calibration {path}: {tokens.Count} tokens; it needs at least one window of {window}.");
        }
        return all.Count <= Windows ? all
            : [.. Enumerable.Range(0, Windows).Select(i => all[(int)((long)i * all.Count / Windows)])];
    }

    /// <summary>Prose of ours, then windows that the model samples.</summary>
    /// <remarks>
    /// What a small model writes keeps too few of its channels busy: calibrated on that alone, levels lose half as
    /// much again on what people wrote (docs/PERFORMANCE.md).
    /// </remarks>
    /// <param name="progress">Receives the number of tokens that stand.</param>
    public static List<int[]> Default(LoadedPackage draft, Action<long>? progress, CancellationToken cancel)
    {
        var window = Math.Min(Window, draft.Manifest.Context - 1);
        using var stream = typeof(CalibrationText).Assembly.GetManifestResourceStream("prose.txt")!;
        using var prose = new MemoryStream();
        stream.CopyTo(prose);
        var tokens = new List<int>();
        draft.Tokenizer.Encode(prose.ToArray(), tokens);
        var own = tokens.Chunk(window).Where(part => part.Length == window).Take(ProseWindows).ToList();
        return
        [
            .. own, .. SelfSampling.Run(draft, Windows - own.Count, window, Seed,
                sampled => progress?.Invoke((own.Count * (long)window) + sampled), cancel),
        ];
    }
}
