using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Runs one layer in fp32 over windows of hidden states.</summary>
internal sealed class LayerPass : IDisposable
{
    private readonly DecoderConfig _model;
    private readonly RotaryTables _rotary;
    private readonly TensorGraph _graph;
    private readonly List<GraphInput> _weights;
    private readonly string[] _outputs;
    private readonly int _layer;

    /// <param name="channels">FFN channels to compute, the first ones; 0: the layer has no FFN.</param>
    /// <param name="watched">Values within the layer that <see cref="Run"/> returns after the layer's output.</param>
    public LayerPass(DecoderConfig model, RotaryTables rotary, LayerMemory memory, LayerWeights weights, int layer,
        int channels, params string[] watched)
    {
        (_model, _rotary, _layer, _outputs) = (model, rotary, layer, [OutputName, .. watched]);
        var graph = DecoderGraph.BuildLayer(model, weights, layer, channels, watched);
        _weights = memory.Inputs(graph);
        _graph = TensorGraph.Open(graph.ToByteArray());
    }

    private const string OutputName = "layer.out";

    /// <summary>The layer's output [T, D] and the watched values for one window.</summary>
    /// <param name="hidden">[T, D]</param>
    public float[][] Run(float[] hidden)
    {
        SpentMemory.Sweep();
        var tokens = hidden.Length / _model.HiddenSize;
        var cache = new float[tokens * _model.KvHeads * _model.HeadDimensions];
        long[] cacheShape = [1, _model.KvHeads, tokens, _model.HeadDimensions];
        GraphInput[] inputs =
        [
            GraphInput.Of<float>("layer.in", hidden, 1, tokens, _model.HiddenSize),
            GraphInput.Of<int>("seqlens_k", new[] { tokens - 1 }, 1),
            GraphInput.Of<int>("total_sequence_length", new[] { tokens }, 1),
            GraphInput.Of<float>($"past.{_layer}.key", cache, cacheShape),
            GraphInput.Of<float>($"past.{_layer}.value", cache, cacheShape),
        ];
        try
        {
            return _graph.Run([.. inputs, .. _weights, .. _rotary.Inputs()], _outputs);
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
