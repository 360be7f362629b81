using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeAgent.ModelPackage;

/// <summary>The generated reader and writer of <see cref="PackageManifest"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = 16,
    WriteIndented = true)]
[JsonSerializable(typeof(PackageManifest), TypeInfoPropertyName = "Manifest")]
internal sealed partial class ManifestJsonContext : JsonSerializerContext;

/// <summary>Reads and writes manifests; what does not fit the format exactly is refused.</summary>
public static class ManifestJson
{
    /// <summary>A manifest is far below this; what is larger is not one.</summary>
    public const int MaximumBytes = 1 << 20;

    public static string Write(PackageManifest manifest) =>
        JsonSerializer.Serialize(manifest, ManifestJsonContext.Default.Manifest);

    /// <exception cref="PackageException">The text is no manifest of this format, or breaks a rule.</exception>
    public static PackageManifest Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaximumBytes)
        {
            throw Invalid($"{utf8.Length} bytes, more than the limit of {MaximumBytes}");
        }
        PackageManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(utf8, ManifestJsonContext.Default.Manifest)
                ?? throw Invalid("it is the word null");
        }
        catch (JsonException error)
        {
            throw Invalid(error.Message);
        }
        if (manifest.Format != PackageManifest.CurrentFormat)
        {
            throw new PackageException(PackageFaultKind.FormatUnknown, PackageManifest.FileName,
                $"{PackageManifest.FileName}: format '{Shorten(manifest.Format)}' is not known here; "
                + $"this agent reads '{PackageManifest.CurrentFormat}'. Import the model again or update the agent.");
        }
        return ManifestRules.FirstBroken(manifest) is { } broken ? throw Invalid(broken) : manifest;
    }

    private static PackageException Invalid(string why) => new(PackageFaultKind.ManifestInvalid,
        PackageManifest.FileName, $"{PackageManifest.FileName} is not valid: {why}.");

    internal static string Shorten(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
