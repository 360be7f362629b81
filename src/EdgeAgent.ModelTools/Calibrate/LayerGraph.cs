using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Quantize;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>A graph over one layer whose weights are inputs, with the weights and the rotary tables at hand.</summary>
internal sealed class LayerGraph : IDisposable
{
    private readonly RotaryTables _rotary;
    private readonly List<GraphInput> _weights;
    private readonly TensorGraph _graph;

    public LayerGraph(ModelProto graph, LayerMemory memory, RotaryTables rotary)
    {
        _rotary = rotary;
        _weights = memory.Inputs(graph);
        _graph = TensorGraph.Open(graph.ToByteArray());
    }

    /// <param name="inputs">What changes from run to run; disposed of afterwards.</param>
    /// <returns>The named outputs, row-major.</returns>
    public float[][] Run(GraphInput[] inputs, IReadOnlyList<string> outputs)
    {
        SpentMemory.Sweep();
        try
        {
            return _graph.Run([.. inputs, .. _weights, .. _rotary.Inputs()], outputs);
        }
        finally
        {
            Array.ForEach(inputs, input => input.Dispose());
        }
    }

    public void Dispose()
    {
        _weights.ForEach(input => input.Dispose());
        _graph.Dispose();
    }
}
