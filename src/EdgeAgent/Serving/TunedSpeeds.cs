using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Serving;

/// <summary>What `tune` measured of one level on this board.</summary>
internal sealed record TunedLevel
{
    public required int Level { get; init; }

    /// <summary>Tokens of an answer per second; the median of all turns.</summary>
    public required double DecodeTokensPerSecond { get; init; }

    /// <summary>Tokens of a prompt per second; the median of all turns.</summary>
    public required double PromptTokensPerSecond { get; init; }

    /// <summary>How far apart the middle half of the turns lay, relative to the median; 0 is calm.</summary>
    public double DecodeSpread { get; init; }

    /// <summary>Memory of the process with this level and all lower ones open.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Energy of one token of an answer; null without a power sensor.</summary>
    public double? JoulesPerToken { get; init; }

    public double? JoulesAboveIdlePerToken { get; init; }
}

/// <summary>What `tune` measured on this board, of one package.</summary>
internal sealed record TunedSpeeds
{
    public const string CurrentFormat = "edgeagent-tune/1";

    /// <summary>The file's name in the folder of the agent's state.</summary>
    public const string FileName = "tune.json";

    /// <summary>The file of a model with sixteen levels has 4 KB.</summary>
    public const int MaximumBytes = 64 * 1024;

    /// <summary>The year 3000, in milliseconds of Unix time.</summary>
    private const long MaximumTime = 32_503_680_000_000;

    private const double MaximumTokensPerSecond = 1e7;

    public required string Format { get; init; }

    public required string Model { get; init; }

    /// <summary>SHA-256 of the package's manifest, which has the hash of every file.</summary>
    public required string PackageSha256 { get; init; }

    public required int Threads { get; init; }

    /// <summary>Version of ONNX Runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>Unix time in milliseconds.</summary>
    public required long Time { get; init; }

    public required int PromptTokens { get; init; }

    public required int AnswerTokens { get; init; }

    public required int Rounds { get; init; }

    /// <summary>Power of the board while nothing is computed; null without a sensor.</summary>
    public double? IdleWatts { get; init; }

    /// <summary>One for each level of the model, 0 first.</summary>
    public required IReadOnlyList<TunedLevel> Levels { get; init; }

    /// <summary>What binds speeds to a package: the hash of its manifest.</summary>
    public static string DigestOf(string packagePath) => Convert.ToHexStringLower(
        SHA256.HashData(File.ReadAllBytes(Path.Join(packagePath, PackageManifest.FileName))));

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, TunedSpeedsContext.Default.TunedSpeeds);

    /// <summary>Writes the file so that a power cut leaves the old one or the new one.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Join(folder, FileName);
        var fresh = path + ".new";
        using (var stream = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            stream.Write(ToJson());
            stream.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>The speeds of a package, or why there are none that can be used; both null without a file.</summary>
    public static (TunedSpeeds? Speeds, string? Fault) Load(string folder, string packageSha256, int levels)
    {
        var path = Path.Join(folder, FileName);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return (null, null);
            }
            if (file.Length > MaximumBytes)
            {
                return (null, $"{path}: {file.Length} bytes, the limit is {MaximumBytes}");
            }
            var speeds = JsonSerializer.Deserialize(File.ReadAllBytes(path), TunedSpeedsContext.Default.TunedSpeeds);
            return FaultOf(speeds, packageSha256, levels) is { } fault ? (null, $"{path}: {fault}") : (speeds, null);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return (null, $"{path}: {e.Message}");
        }
    }

    private static string? FaultOf(TunedSpeeds? speeds, string packageSha256, int levels)
    {
        if (speeds is not { Format: CurrentFormat })
        {
            return $"format: not {CurrentFormat}";
        }
        if (speeds.Time is < 0 or > MaximumTime)
        {
            return $"time: not from 0 to {MaximumTime}";
        }
        if (speeds.PackageSha256 != packageSha256)
        {
            return $"package_sha256: measured with another package, {speeds.Model}";
        }
        if (speeds.Levels.Count != levels)
        {
            return $"levels: {speeds.Levels.Count}, the package has {levels}";
        }
        for (var i = 0; i < levels; i++)
        {
            var level = speeds.Levels[i];
            if (level?.Level != i || !IsSpeed(level.DecodeTokensPerSecond) || !IsSpeed(level.PromptTokensPerSecond))
            {
                return $"levels[{i}]: not level {i} with speeds above 0 and up to {MaximumTokensPerSecond:0}";
            }
        }
        return null;
    }

    private static bool IsSpeed(double value) => value > 0 && value <= MaximumTokensPerSecond;
}

/// <summary>The generated code that writes and reads the file without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true,
    AllowDuplicateProperties = false, MaxDepth = 8)]
[JsonSerializable(typeof(TunedSpeeds))]
internal sealed partial class TunedSpeedsContext : JsonSerializerContext;
