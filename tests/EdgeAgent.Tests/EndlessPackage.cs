using System.Text.Json.Nodes;

namespace EdgeAgent.Tests;

/// <summary>Nano with a stop token that it never chooses, so that answers end at their token limit.</summary>
internal static class EndlessPackage
{
    /// <summary>Copies the package into a new folder below the given one, and gives its path.</summary>
    public static string Copy(string package, TemporaryFolder folder)
    {
        var copy = folder.CopyOf(package, "endless");
        var path = Path.Combine(copy, "manifest.json");
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        manifest["stop_tokens"] = new JsonArray(0);
        File.WriteAllText(path, manifest.ToJsonString());
        return copy;
    }
}
