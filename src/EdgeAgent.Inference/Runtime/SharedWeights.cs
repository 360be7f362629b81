using EdgeAgent.Inference.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>Gives each level's session its weights, so that what levels have in common is in memory once.</summary>
/// <remarks>
/// ONNX Runtime's container of packed weights lets nothing go before it is disposed of, and only what is added tensor
/// by tensor enters it. So tensors of several levels are added. What one level alone has, its session finds in the data
/// file in memory: it packs that for itself, and gives it back when it ends.
/// </remarks>
internal sealed class SharedWeights : IDisposable
{
    /// <summary>Older ones would copy the whole data file for each session.</summary>
    public static readonly Version OldestReadingInPlace = new(1, 31);

    private readonly WeightsMap _map;

    /// <summary>Places in the data file that more than one level reads; null: all count as such.</summary>
    private readonly HashSet<string>? _common;

    /// <param name="levels">What each level's graph takes from the data file.</param>
    public SharedWeights(WeightsMap map, IReadOnlyList<IReadOnlyList<ExternalTensor>> levels)
    {
        _map = map;
        if (levels.Count > 1 && OrtRuntime.LibraryVersion >= OldestReadingInPlace)
        {
            _common = [.. levels.SelectMany(tensors => tensors.Select(WeightsMap.Place).Distinct())
                .GroupBy(place => place).Where(uses => uses.Count() > 1).Select(uses => uses.Key)];
        }
    }

    /// <summary>Packed weights of several sessions.</summary>
    public PrePackedWeightsContainer Packed { get; } = new();

    /// <summary>Names the tensors of a graph to the session that will be made of it.</summary>
    public void AddTo(SessionOptions options, IReadOnlyList<ExternalTensor> tensors)
    {
        foreach (var tensor in tensors.Where(IsCommon))
        {
            options.AddInitializer(tensor.Name, _map.Tensor(tensor));
        }
        if (!tensors.All(IsCommon))
        {
            // Packed forms go by malloc: an arena takes twice as much as it needs.
            options.AddSessionConfigEntry("session.use_device_allocator_for_initializers", "1");
            OrtFunctions.AddFileInMemory(options, LoadedPackage.DataFile, _map.Address, _map.LengthBytes);
        }
    }

    public void Dispose() => Packed.Dispose();

    private bool IsCommon(ExternalTensor tensor) => _common?.Contains(WeightsMap.Place(tensor)) ?? true;
}
