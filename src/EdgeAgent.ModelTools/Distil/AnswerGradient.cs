using System.Numerics.Tensors;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Distil;

/// <summary>How far the next token's probabilities are from the whole model's, and where that comes from.</summary>
internal sealed class AnswerGradient : IDisposable
{
    /// <summary>Tokens at a time: their logits are in memory.</summary>
    private const int PartTokens = 64;

    private readonly int _hiddenSize;
    private readonly TensorGraph _graph;
    private readonly GraphInput[] _weights;

    public AnswerGradient(DecoderConfig model, ITensorSource tensors)
    {
        _hiddenSize = model.HiddenSize;
        var gains = tensors.ReadGains(model, SourceTensors.FinalNorm, model.HiddenSize);
        var head = tensors.Read(SourceTensors.HeadOf(model), model.VocabularySize, model.HiddenSize);
        _weights =
        [
            GraphInput.Of<float>(AnswerGradientGraph.Gains, gains, model.HiddenSize),
            GraphInput.Of<float>(AnswerGradientGraph.Head, head, model.VocabularySize, model.HiddenSize),
        ];
        _graph = TensorGraph.Open(AnswerGradientGraph.Build(model).ToByteArray());
    }

    /// <param name="whole">[T, D]: the whole model's residual stream behind its last layer.</param>
    /// <param name="other">[T, D]: that of a level.</param>
    /// <returns>Nats, the mean over the tokens; and what that mean moves by for <paramref name="other"/>.</returns>
    public (double Divergence, float[] Gradient) Run(float[] whole, float[] other)
    {
        var tokens = whole.Length / _hiddenSize;
        var divergence = 0.0;
        var gradient = new float[other.Length];
        for (var first = 0; first < tokens; first += PartTokens)
        {
            var count = Math.Min(PartTokens, tokens - first);
            var (start, length) = (first * _hiddenSize, count * _hiddenSize);
            using var p = GraphInput.Of(
                AnswerGradientGraph.Whole, whole.AsMemory(start, length), count, _hiddenSize);
            using var q = GraphInput.Of(
                AnswerGradientGraph.Other, other.AsMemory(start, length), count, _hiddenSize);
            var results = _graph.Run(
                [p, q, .. _weights], [AnswerGradientGraph.Divergence, AnswerGradientGraph.Gradient]);
            divergence += results[0].Sum(value => (double)value);
            TensorPrimitives.Divide(results[1], tokens, gradient.AsSpan(start, length));
        }
        return (divergence / tokens, gradient);
    }

    public void Dispose()
    {
        Array.ForEach(_weights, weights => weights.Dispose());
        _graph.Dispose();
    }
}
