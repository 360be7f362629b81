using EdgeAgent.ModelPackage;

namespace EdgeAgent.Inference.Runtime;

/// <summary>Which graph of a level runs on which execution provider, and why not on one that was preferred.</summary>
internal sealed record ProviderChoice(GraphFile Graph, string Provider, IReadOnlyList<string> Passed)
{
    public const string Cpu = "cpu";

    private static readonly Dictionary<string, string> RuntimeNames = new(StringComparer.Ordinal)
    {
        ["tensorrt"] = "TensorrtExecutionProvider",
        ["cuda"] = "CUDAExecutionProvider",
        [Cpu] = "CPUExecutionProvider",
    };

    /// <summary>Takes the first wish that library and package can both fulfil; the CPU can always.</summary>
    /// <param name="wishes">`tensorrt`, `cuda`, `cpu`, the preferred one first.</param>
    /// <param name="available">What the loaded ONNX Runtime calls its providers.</param>
    /// <exception cref="InferenceException">A wish is no provider that this agent knows.</exception>
    public static ProviderChoice Of(
        IReadOnlyList<GraphFile> graphs, int level, IReadOnlyList<string> wishes, IReadOnlyCollection<string> available)
    {
        var passed = new List<string>();
        foreach (var wish in wishes.Append(Cpu))
        {
            if (!RuntimeNames.TryGetValue(wish, out var name))
            {
                throw new InferenceException(InferenceFault.ProviderUnknown,
                    $"'{wish}' is no execution provider; known are {string.Join(", ", RuntimeNames.Keys)}.");
            }
            var graph = graphs.FirstOrDefault(g => g.Level == level && g.Provider == wish);
            if (graph is not null && available.Contains(name))
            {
                return new ProviderChoice(graph, wish, passed);
            }
            passed.Add(graph is null ? $"{wish}: the package has no graph for it"
                : $"{wish}: this ONNX Runtime does not have it");
        }
        throw new InferenceException(InferenceFault.GraphFailed,
            $"level {level} cannot run here: {string.Join("; ", passed)}.");
    }

    /// <summary>`level 0 on cpu (cuda: the package has no graph for it)`</summary>
    public override string ToString() =>
        $"level {Graph.Level} on {Provider}{(Passed.Count == 0 ? "" : $" ({string.Join("; ", Passed)})")}";
}
