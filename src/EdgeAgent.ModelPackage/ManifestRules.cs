using System.Text.RegularExpressions;

namespace EdgeAgent.ModelPackage;

/// <summary>The bounds of a manifest: each size is checked here before anything is allocated for it.</summary>
internal static partial class ManifestRules
{
    private const int MaximumFiles = 1024;

    /// <summary>The largest package: 64 GiB.</summary>
    private const long MaximumFileBytes = 64L << 30;

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,63}\z", RegexOptions.NonBacktracking)]
    private static partial Regex PlainName();

    [GeneratedRegex(@"\A[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}\z", RegexOptions.NonBacktracking)]
    private static partial Regex VersionText();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z", RegexOptions.NonBacktracking)]
    private static partial Regex Digest();

    /// <summary>The first broken rule in words, or null.</summary>
    public static string? FirstBroken(PackageManifest manifest) =>
        Entries(manifest) ?? Identity(manifest) ?? Files(manifest)
        ?? Architecture(manifest) ?? Cache(manifest) ?? Levels(manifest);

    public static bool IsPlainName(string name) => PlainName().IsMatch(name);

    /// <summary>The reader of JSON refuses null for a field, but not within a list.</summary>
    private static string? Entries(PackageManifest m) =>
        WithoutNull("files", m.Files) ?? WithoutNull("graphs", m.Graphs) ?? WithoutNull("levels", m.Levels)
        ?? WithoutNull("kv.layers", m.Kv.Layers) ?? WithoutNull("architecture.rotary", m.Architecture.Rotary);

    private static string? Identity(PackageManifest m) =>
        Unless(IsPlainName(m.Name), "name", m.Name, "a plain lower-case name")
        ?? Unless(VersionText().IsMatch(m.Version), "version", m.Version, "MAJOR.MINOR.PATCH")
        ?? Range("context", m.Context, 1, ManifestLimits.Context)
        ?? Unless(m.Quantization.Method is "rtn" or "keep" or "awq" or "gptq" or "auto" or "none",
            "quantization.method", m.Quantization.Method, "rtn, keep, awq, gptq, auto, none")
        ?? Range("stop_tokens (count)", m.StopTokens.Count, 1, ManifestLimits.StopTokens)
        ?? m.StopTokens.Select(t => Range("stop_tokens", t, 0, m.Architecture.VocabularySize - 1)).FirstBroken();

    private static string? Files(PackageManifest m)
    {
        if (Range("files (count)", m.Files.Count, 1, MaximumFiles) is { } count)
        {
            return count;
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in m.Files)
        {
            var broken = Unless(IsPlainName(file.Name) && file.Name is not PackageManifest.FileName,
                    "files.name", file.Name, "a plain lower-case file name that stays in the package's folder")
                ?? Unless(names.Add(file.Name), "files.name", file.Name, "named once")
                ?? Range("files.size_bytes", file.SizeBytes, 1, MaximumFileBytes)
                ?? Unless(Digest().IsMatch(file.Sha256), "files.sha256", file.Sha256, "64 lower-case hex digits");
            if (broken is not null)
            {
                return broken;
            }
        }
        return m.Chat is null ? null
            : Unless(names.Contains(m.Chat.Template), "chat.template", m.Chat.Template, "a file of the package");
    }

    private static string? Architecture(PackageManifest m)
    {
        var a = m.Architecture;
        return Range("architecture.layers", a.Layers, 1, ManifestLimits.Layers)
            ?? Range("architecture.hidden_size", a.HiddenSize, 1, ManifestLimits.Channels)
            ?? Range("architecture.intermediate_size", a.IntermediateSize, 1, ManifestLimits.Channels)
            ?? Range("architecture.attention_heads", a.AttentionHeads, 1, ManifestLimits.Heads)
            ?? Range("architecture.vocabulary_size", a.VocabularySize, 2, ManifestLimits.Vocabulary)
            ?? Range("architecture.rotary (count)", a.Rotary.Count, 1, 4)
            ?? a.Rotary.Select(r =>
                Range("architecture.rotary.dimensions", r.Dimensions, 2, ManifestLimits.HeadDimensions)
                ?? Unless(r.Dimensions % 2 == 0, "architecture.rotary.dimensions", r.Dimensions, "even")
                ?? Unless(r.Base is >= RotaryTable.LeastBase and <= RotaryTable.LargestBase, "architecture.rotary.base",
                    r.Base, "between 1.001 and 1e11")
                ?? Scaling(r)).FirstBroken();
    }

    private static string? Scaling(RotaryTable r) =>
        Divisors("architecture.rotary.frequency_divisors", r.FrequencyDivisors, r.Dimensions / 2)
        ?? Divisors("architecture.rotary.long_frequency_divisors", r.LongFrequencyDivisors, r.Dimensions / 2)
        ?? Unless(r.LongFrequencyDivisors is null == r.LongBeyond is null, "architecture.rotary.long_beyond",
            r.LongBeyond ?? 0, "given together with long_frequency_divisors")
        ?? Range("architecture.rotary.long_beyond", r.LongBeyond ?? 1, 1, ManifestLimits.Context)
        ?? Unless(r.Amplitude is null or (>= RotaryTable.LeastAmplitude and <= RotaryTable.LargestAmplitude),
            "architecture.rotary.amplitude", r.Amplitude ?? 0,
            "between 0.1 and 10");

    private static string? Divisors(string field, IReadOnlyList<double>? divisors, int pairs) => divisors is null
        ? null
        : Unless(divisors.Count == pairs, $"{field} (count)", divisors.Count, "half the dimensions")
            ?? divisors.Select(d => Unless(d is >= RotaryTable.LeastDivisor and <= RotaryTable.LargestDivisor,
                field, d, "between 0.001 and 1000000")).FirstBroken();

    private static string? Cache(PackageManifest m) =>
        Unless(m.Kv.Type == "float32", "kv.type", m.Kv.Type, "float32")
        ?? Unless(m.Kv.Layers.Count == m.Architecture.Layers, "kv.layers (count)", m.Kv.Layers.Count, "one per layer")
        ?? m.Kv.Layers.Select(l => Range("kv.layers.heads", l.Heads, 1, ManifestLimits.Heads)
            ?? Range("kv.layers.dimensions", l.Dimensions, 1, ManifestLimits.HeadDimensions)
            ?? Range("kv.layers.window", l.Window, 0, ManifestLimits.Context)).FirstBroken();

    private static string? Levels(PackageManifest m)
    {
        if (Range("levels (count)", m.Levels.Count, 1, ManifestLimits.Levels) is { } count)
        {
            return count;
        }
        for (var i = 0; i < m.Levels.Count; i++)
        {
            var level = m.Levels[i];
            var broken = Unless(level.Level == i, "levels.level", level.Level, $"{i}, levels in order")
                ?? Unless(level.FfnChannels.Count == m.Architecture.Layers, "levels.ffn_channels (count)",
                    level.FfnChannels.Count, "one per layer")
                ?? level.FfnChannels.Select(c => Range("levels.ffn_channels", c, 0, m.Architecture.IntermediateSize))
                    .FirstBroken()
                ?? Unless(m.Graphs.Any(g => g.Level == i && g.Provider == "cpu"), "graphs", i,
                    "at least one graph on the CPU for each level");
            if (broken is not null)
            {
                return broken;
            }
        }
        return m.Graphs.Select(g =>
            Unless(m.Files.Any(f => f.Name == g.File), "graphs.file", g.File, "a file of the package")
            ?? Range("graphs.level", g.Level, 0, m.Levels.Count - 1)
            ?? Unless(g.Provider is "cpu" or "cuda" or "tensorrt", "graphs.provider", g.Provider, "cpu, cuda, tensorrt")
            ?? Unless(System.Version.TryParse(g.MinimumRuntime, out _), "graphs.minimum_runtime", g.MinimumRuntime,
                "a version")).FirstBroken();
    }

    private static string? WithoutNull<T>(string field, IReadOnlyList<T?> list)
        where T : class => list.Contains(null) ? $"{field} holds null, allowed are objects" : null;

    private static string? Range(string field, long value, long minimum, long maximum) =>
        value >= minimum && value <= maximum ? null : $"{field} is {value}, allowed is {minimum} to {maximum}";

    private static string? Unless(bool holds, string field, object value, string allowed) =>
        holds ? null : $"{field} is '{ManifestJson.Shorten($"{value}")}', allowed is {allowed}";

    private static string? FirstBroken(this IEnumerable<string?> results) => results.FirstOrDefault(r => r is not null);
}
