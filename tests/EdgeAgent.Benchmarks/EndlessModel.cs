using EdgeAgent.ModelPackage;

namespace EdgeAgent.Benchmarks;

/// <summary>A package with a stop token that ends no answer, so that all answers have the same length.</summary>
internal static class EndlessModel
{
    /// <summary>Copies the package into the folder and gives the folder.</summary>
    public static string Copy(string package, string folder)
    {
        foreach (var file in Directory.EnumerateFiles(package))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        var path = Path.Combine(folder, PackageManifest.FileName);
        var manifest = ManifestJson.Read(File.ReadAllBytes(path));
        File.WriteAllText(path, ManifestJson.Write(manifest with { StopTokens = [0] }));
        return folder;
    }
}
