using System.Runtime.InteropServices;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>The weights of one layer in fp32, by the names that the graph has for them.</summary>
/// <remarks>The arrays are what graphs see: writing into one changes the next run.</remarks>
internal sealed class LayerMemory
{
    private readonly Dictionary<string, float[]> _tensors;

    private LayerMemory(LayerWeights weights, Dictionary<string, float[]> tensors) =>
        (Weights, _tensors) = (weights, tensors);

    public LayerWeights Weights { get; }

    /// <summary>Reads a layer as the writer of packages would store it in fp32.</summary>
    public static LayerMemory Read(DecoderConfig model, ITensorSource source, int layer)
    {
        var tensors = new Dictionary<string, float[]>(StringComparer.Ordinal);
        using var file = new WeightsFile(Stream.Null)
        {
            Appended = (tensor, content) =>
                tensors.Add(tensor.Name, MemoryMarshal.Cast<byte, float>(content).ToArray()),
        };
        var weights = new WeightsWriter(model, source, file, quantizer: null, _ => { })
            .WriteLayer(layer, [model.IntermediateSize]);
        return new LayerMemory(weights, tensors);
    }

    public float[] this[string name] => _tensors[name];

    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Overwrites a matrix in place.</summary>
    public void Replace(string name, float[] values) => values.CopyTo(_tensors[name], 0);

    /// <summary>Adds a down projection of fewer channels, [hidden size, channels].</summary>
    public LayerWeights WithDown(int channels, float[] values, int outputs)
    {
        var name = $"{Weights.Down.Values.First().Weight.Name}.{channels}";
        _tensors[name] = values;
        var tensor = Weights.Down.Values.First().Weight with { Name = name, Shape = [outputs, channels] };
        return Weights with
        {
            Down = new Dictionary<int, StoredMatrix> { [channels] = new(outputs, channels, tensor, null) },
        };
    }
}
