using System.Runtime.InteropServices;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>The weights of one layer in fp32, by the names that the graph has for them.</summary>
/// <remarks>The arrays are what graphs see: writing into one changes the next run.</remarks>
internal sealed class LayerMemory
{
    private readonly Dictionary<string, float[]> _tensors;

    private readonly int _layer;

    private LayerMemory(int layer, LayerWeights weights, Dictionary<string, float[]> tensors) =>
        (_layer, Weights, _tensors) = (layer, weights, tensors);

    public LayerWeights Weights { get; }

    /// <summary>Reads a layer as the writer of packages would store it in fp32.</summary>
    public static LayerMemory Read(DecoderConfig model, ITensorSource source, int layer)
    {
        var tensors = new Dictionary<string, float[]>(StringComparer.Ordinal);
        using var file = new WeightsFile(Stream.Null)
        {
            Appended = (tensor, content) =>
            {
                tensors.Add(tensor.Name, MemoryMarshal.Cast<byte, float>(content).ToArray());
                // Reading, ordering and storing a matrix leave an array each.
                SpentMemory.Sweep();
            },
        };
        var weights = new WeightsWriter(model, source, file, quantizer: null, _ => { })
            .WriteLayer(layer, [model.IntermediateSize]);
        return new LayerMemory(layer, weights, tensors);
    }

    public float[] this[string name] => _tensors[name];

    /// <summary>The inputs of a graph that are weights of this layer.</summary>
    public List<GraphInput> Inputs(ModelProto graph)
    {
        var inputs = new List<GraphInput>();
        foreach (var input in graph.Graph.Input.Where(input => _tensors.ContainsKey(input.Name)))
        {
            // A level takes the first rows of gate and up: less than the array holds.
            long[] shape = [.. input.Type.TensorType.Shape.Dim.Select(dimension => dimension.DimValue)];
            var elements = (int)shape.Aggregate(1L, (all, size) => all * size);
            inputs.Add(GraphInput.Of(input.Name, _tensors[input.Name].AsMemory(0, elements), shape));
        }
        return inputs;
    }

    /// <summary>Overwrites a matrix in place.</summary>
    public void Replace(string name, float[] values) => values.CopyTo(_tensors[name], 0);

    /// <summary>Adds a down projection of fewer channels, [hidden size, channels].</summary>
    public LayerWeights WithDown(int channels, float[] values, int outputs)
    {
        var name = LayerWeights.DownName(_layer, channels);
        _tensors[name] = values;
        var tensor = Weights.Down.Values.First().Weight with { Name = name, Shape = [outputs, channels] };
        return Weights with
        {
            Down = new Dictionary<int, StoredMatrix> { [channels] = new(outputs, channels, tensor, null) },
        };
    }
}
