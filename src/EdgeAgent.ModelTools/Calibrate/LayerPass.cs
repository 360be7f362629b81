using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Runs one layer in fp32 over windows of hidden states.</summary>
internal sealed class LayerPass : IDisposable
{
    private readonly DecoderConfig _model;
    private readonly LayerGraph _graph;
    private readonly string[] _outputs;
    private readonly int _layer;

    /// <param name="channels">FFN channels to compute, the first ones; 0: the layer has no FFN.</param>
    /// <param name="watched">Values within the layer that <see cref="Run"/> returns after the layer's output.</param>
    public LayerPass(DecoderConfig model, RotaryTables rotary, LayerMemory memory, LayerWeights weights, int layer,
        int channels, params string[] watched)
    {
        (_model, _layer, _outputs) = (model, layer, [OutputName, .. watched]);
        _graph = new LayerGraph(
            DecoderGraph.BuildLayer(model, weights, layer, channels, watched), memory, rotary);
    }

    private const string OutputName = "layer.out";

    /// <summary>The layer's output [T, D] and the watched values for one window.</summary>
    /// <param name="hidden">[T, D]</param>
    public float[][] Run(float[] hidden)
    {
        var tokens = hidden.Length / _model.HiddenSize;
        var cache = new float[tokens * _model.KvHeads * _model.HeadDimensions];
        long[] cacheShape = [1, _model.KvHeads, tokens, _model.HeadDimensions];
        return _graph.Run(
        [
            GraphInput.Of<float>("layer.in", hidden, 1, tokens, _model.HiddenSize),
            GraphInput.Of<int>("seqlens_k", new[] { tokens - 1 }, 1),
            GraphInput.Of<int>("total_sequence_length", new[] { tokens }, 1),
            GraphInput.Of<float>($"past.{_layer}.key", cache, cacheShape),
            GraphInput.Of<float>($"past.{_layer}.value", cache, cacheShape),
        ], _outputs);
    }

    public void Dispose() => _graph.Dispose();
}
