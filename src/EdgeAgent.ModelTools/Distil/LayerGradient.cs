using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Distil;

/// <summary>Takes the gradient of a loss back through one layer in fp32.</summary>
internal sealed class LayerGradient : IDisposable
{
    /// <summary>Added to the scores of tokens that are not attended to.</summary>
    private const float Unseen = -1e30f;

    private readonly DecoderConfig _model;
    private readonly int _window;
    private readonly LayerGraph _graph;

    /// <param name="channels">FFN channels that the layer has, the first ones.</param>
    public LayerGradient(DecoderConfig model, RotaryTables rotary, LayerMemory memory, LayerWeights weights, int layer,
        int channels)
    {
        (_model, _window) = (model, model.Attention[layer].Window);
        _graph = new LayerGraph(LayerGradientGraph.Build(model, weights, layer, channels), memory, rotary);
    }

    /// <param name="hidden">[T, D]: the layer's input.</param>
    /// <param name="gradient">[T, D]: what the loss moves by for the layer's output.</param>
    /// <returns>What it moves by for the input, [T, D], and for the down projection, [D, channels].</returns>
    public (float[] Input, float[] Down) Run(float[] hidden, float[] gradient)
    {
        long tokens = hidden.Length / _model.HiddenSize;
        var gradients = _graph.Run(
        [
            GraphInput.Of<float>(LayerGradientGraph.Input, hidden, tokens, _model.HiddenSize),
            GraphInput.Of<float>(LayerGradientGraph.OutputGradient, gradient, tokens, _model.HiddenSize),
            GraphInput.Of<long>(
                LayerGradientGraph.Positions, Enumerable.Range(0, (int)tokens).Select(i => (long)i).ToArray(), tokens),
            GraphInput.Of<float>(LayerGradientGraph.Mask, Mask((int)tokens), tokens, tokens),
        ], [LayerGradientGraph.InputGradient, LayerGradientGraph.DownGradient]);
        return (gradients[0], gradients[1]);
    }

    public void Dispose() => _graph.Dispose();

    private float[] Mask(int tokens)
    {
        var mask = new float[tokens * tokens];
        for (var token = 0; token < tokens; token++)
        {
            var row = mask.AsSpan(token * tokens, tokens);
            row[(token + 1)..].Fill(Unseen);
            row[..(_window > 0 ? Math.Max(0, token + 1 - _window) : 0)].Fill(Unseen);
        }
        return mask;
    }
}
