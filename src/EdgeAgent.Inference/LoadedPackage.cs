using EdgeAgent.Inference.Graphs;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Inference;

/// <summary>A model package whose every file was checked against its hash, with its weights mapped into memory.</summary>
public sealed class LoadedPackage : IDisposable
{
    internal const string DataFile = "model.data";

    private readonly PackageFolder _folder;

    private LoadedPackage(PackageFolder folder, WeightsMap weights) => (_folder, Weights) = (folder, weights);

    /// <summary>Absolute path of the package's folder.</summary>
    public string Path => _folder.Path;

    public PackageManifest Manifest => _folder.Manifest;

    internal WeightsMap Weights { get; }

    /// <summary>Opens and checks a package; a fault in any of its files refuses it as a whole.</summary>
    /// <exception cref="PackageException">The first fault.</exception>
    public static LoadedPackage Open(string path)
    {
        var folder = PackageFolder.Open(path);
        var weights = folder.OpenVerified(DataFile);
        if (folder.Verify(checkedAlready: DataFile) is [var fault, ..])
        {
            weights.Dispose();
            throw new PackageException(fault);
        }
        return new LoadedPackage(folder, new WeightsMap(weights));
    }

    /// <summary>The graph that runs a level on the CPU, and so anywhere.</summary>
    internal GraphFile Graph(int level) => Manifest.Graphs.First(g => g.Level == level && g.Provider == "cpu");

    internal byte[] ReadGraph(GraphFile graph) => _folder.ReadVerified(graph.File, GraphScan.MaximumGraphBytes);

    public void Dispose() => Weights.Dispose();
}
