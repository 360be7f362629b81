using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Distil;

/// <summary>Trains the down projections of one level to answer as the whole model does (Hinton et al. 2015).</summary>
/// <remarks>
/// Least squares makes each layer's own output right again and stops there; what reaches the answers is known only
/// behind the last layer. Layers are read anew for every batch, one in memory at a time.
/// </remarks>
internal sealed class LevelTraining(DecoderConfig model, ITensorSource tensors, RotaryTables rotary,
    IReadOnlyList<int> channels, LevelDowns downs, IReadOnlySet<int> trained)
{
    private readonly Dictionary<int, AdamMatrix> _matrices =
        trained.ToDictionary(layer => layer, layer => new AdamMatrix(downs[layer, channels[layer]]));

    /// <summary>One step on a batch of texts.</summary>
    /// <param name="texts">[T, D] of each in front of the first layer.</param>
    /// <param name="whole">[T, D] of each behind the whole model's last layer.</param>
    /// <param name="rate">How far a weight moves at most, about, in units of its matrix's weights.</param>
    /// <returns>The divergence from the whole model's answers before the step, in nats for each token.</returns>
    public double Step(
        AnswerGradient answers, float[][] texts, float[][] whole, float rate, CancellationToken cancel)
    {
        var states = Forward(texts, cancel);
        var (divergence, gradients) = (0.0, new float[texts.Length][]);
        for (var i = 0; i < texts.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            (var nats, gradients[i]) = answers.Run(whole[i], states[^1][i]);
            divergence += nats / texts.Length;
        }
        Backward(states, gradients, cancel);
        foreach (var matrix in _matrices.Values)
        {
            matrix.Step(rate);
        }
        return divergence;
    }

    /// <summary>The texts in front of each layer, and behind the last.</summary>
    private List<float[][]> Forward(float[][] texts, CancellationToken cancel)
    {
        List<float[][]> states = [texts];
        for (var layer = 0; layer < model.Layers; layer++)
        {
            var memory = LayerMemory.Read(model, tensors, layer);
            using var pass = new LayerPass(model, rotary, memory, Thinned(memory, layer), layer, channels[layer]);
            states.Add(Array.ConvertAll(states[^1], text =>
            {
                cancel.ThrowIfCancellationRequested();
                return pass.Run(text)[0];
            }));
        }
        return states;
    }

    /// <summary>Nothing needs a gradient in front of the first matrix that is trained.</summary>
    private void Backward(List<float[][]> states, float[][] gradients, CancellationToken cancel)
    {
        for (var layer = model.Layers - 1; layer >= _matrices.Keys.Min(); layer--)
        {
            var memory = LayerMemory.Read(model, tensors, layer);
            using var pass = new LayerGradient(model, rotary, memory, Thinned(memory, layer), layer, channels[layer]);
            for (var i = 0; i < gradients.Length; i++)
            {
                cancel.ThrowIfCancellationRequested();
                (gradients[i], var down) = pass.Run(states[layer][i], gradients[i]);
                _matrices.GetValueOrDefault(layer)?.Add(down);
            }
        }
    }

    private LayerWeights Thinned(LayerMemory memory, int layer) =>
        channels[layer] == model.IntermediateSize
            ? memory.Weights
            : memory.WithDown(channels[layer], downs[layer, channels[layer]], model.HiddenSize);
}
