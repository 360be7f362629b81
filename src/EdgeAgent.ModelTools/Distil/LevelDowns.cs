using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Distil;

/// <summary>The down projections of a ladder's further levels, [D, channels] by layer and number of channels.</summary>
internal sealed class LevelDowns
{
    private readonly Dictionary<(int Layer, int Channels), float[]> _values = [];

    public float[] this[int layer, int channels] => _values[(layer, channels)];

    /// <summary>
    /// What makes up best for the missing channels, layer by layer; and what the whole model makes of the texts.
    /// </summary>
    /// <param name="tensors">The model, its channels in the order in which levels keep them.</param>
    /// <param name="hidden">[T, D] of each text in front of the first layer; behind the last one afterwards.</param>
    public static LevelDowns Solve(DecoderConfig model, ITensorSource tensors, RotaryTables rotary,
        IReadOnlyList<IReadOnlyList<int>> levels, ResidualFile hidden, CancellationToken cancel)
    {
        var downs = new LevelDowns();
        using var gram = new Gram();
        var full = model.IntermediateSize;
        for (var layer = 0; layer < model.Layers; layer++)
        {
            var memory = LayerMemory.Read(model, tensors, layer);
            using var pass = new LayerPass(
                model, rotary, memory, memory.Weights, layer, full, $"layers.{layer}.ffn.gated");
            var hessian = new float[full * full];
            for (var i = 0; i < hidden.Count; i++)
            {
                cancel.ThrowIfCancellationRequested();
                var values = pass.Run(hidden[i]);
                var tokens = values[0].Length / model.HiddenSize;
                LayerHessians.ScaleTokens(values[1], LayerHessians.TokenWeights(values[0], tokens));
                gram.Add(values[1], values[1], tokens, hessian);
                hidden[i] = values[0];
            }
            foreach (var width in levels.Select(channels => channels[layer]).Distinct().Where(width => width < full))
            {
                downs._values[(layer, width)] = CorrectedDown.Solve(
                    hessian, memory[LayerWeights.DownName(layer, full)], full, width);
            }
        }
        return downs;
    }
}
