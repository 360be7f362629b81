using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Measures what the whole model's answers suffer when one layer loses FFN channels.</summary>
/// <remarks>
/// Each layer that is passed leaves a text behind that went through it with fewer channels; all these texts go on
/// through the layers that follow, so that every layer is read once. At the end the divergence of the next token's
/// probabilities from those of the whole model is the damage. It grows with the width as the error of the layer's own
/// output does: on SmolLM2-135M within a tenth of what was measured at other widths (docs/PERFORMANCE.md).
/// </remarks>
internal sealed class DamageSurvey
{
    /// <summary>Tokens of each text, from the start of a window of calibration text.</summary>
    private const int Tokens = 192;
    private const int MaximumTexts = 6;

    /// <summary>What all texts behind all layers may take.</summary>
    private const long MaximumBytes = 200_000_000;

    /// <summary>Of so many tokens, one is compared by the probabilities of its next token.</summary>
    private const int Stride = 4;

    /// <summary>Channels that are left where the damage is measured, as a share.</summary>
    private const double MeasuredShare = 2.0 / 3;

    private readonly DecoderConfig _model;
    private readonly int _width;

    /// <summary>[T, D] of each text in front of the next layer, of the whole model.</summary>
    private readonly float[][] _whole;

    /// <summary>The same, of a model in which one of the layers so far has lost channels.</summary>
    private readonly List<float[][]> _pruned = [];
    private readonly List<ChannelOrder> _orders = [];

    /// <param name="embedded">[T, D] of windows of calibration text, in front of the first layer.</param>
    public DamageSurvey(DecoderConfig model, float[][] embedded)
    {
        _model = model;
        var channels = model.IntermediateSize;
        _width = Math.Clamp((int)(MeasuredShare * channels), Math.Min(channels, WidthLadder.Least(channels)), channels);
        var textBytes = (long)Tokens * model.HiddenSize * sizeof(float);
        var texts = (int)Math.Clamp(MaximumBytes / (textBytes * model.Layers), 1, MaximumTexts);
        // Spread over the windows: prose and answers alike.
        texts = Math.Min(texts, embedded.Length);
        _whole = [.. Enumerable.Range(0, texts).Select(i => embedded[i * embedded.Length / texts])
            .Select(window => window[..Math.Min(window.Length, Tokens * model.HiddenSize)])];
    }

    /// <summary>Takes all texts through the next layer, and starts those that it has fewer channels for.</summary>
    /// <param name="pass">The layer with all its channels; it reads <paramref name="memory"/>.</param>
    /// <param name="downName">The layer's down projection in <paramref name="memory"/>.</param>
    /// <param name="hessian">[n, n]: XᵀX of the channels.</param>
    public void Pass(LayerPass pass, LayerMemory memory, string downName, float[] hessian, ChannelOrder order)
    {
        _pruned.ForEach(texts => Run(pass, texts));
        var down = (float[])memory[downName].Clone();
        memory.Replace(downName, Thinned(hessian, down, order.Channels));
        float[][] behind = [.. _whole];
        Run(pass, behind);
        memory.Replace(downName, down);
        Run(pass, _whole);
        _pruned.Add(behind);
        _orders.Add(order);
    }

    /// <summary>
    /// For each layer, nats for each token that the whole model's answers move by for each unit of squared error that
    /// the layer adds to its residual stream; 1 where a layer has no channels to lose.
    /// </summary>
    public IReadOnlyList<double> Measure(ITensorSource tensors, CancellationToken cancel)
    {
        using var divergence = new AnswerDivergence(_model, tensors);
        var damages = divergence.Of(Compared(_whole), _pruned.ConvertAll(Compared), cancel);
        return [.. damages.Select((damage, layer) =>
            _orders[layer].Missed[_width] is > 0 and var missed ? damage / missed : 1)];
    }

    private static void Run(LayerPass pass, float[][] texts)
    {
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = pass.Run(texts[i])[0];
        }
    }

    /// <summary>The whole projection, with zeros for the channels that go; the others make up for them.</summary>
    private float[] Thinned(float[] hessian, float[] down, int[] channels)
    {
        var n = channels.Length;
        var ordered = MatrixParts.OrderedColumns(down, channels);
        // As the order was found: without elimination nothing was made up for.
        var left = n > ChannelOrder.LargestEliminated ? MatrixParts.Columns(ordered, n, 0, _width)
            : CorrectedDown.Solve(Ordered(hessian, channels), ordered, n, _width);
        var thinned = new float[down.Length];
        for (var i = 0; i < left.Length; i++)
        {
            thinned[(i / _width * n) + channels[i % _width]] = left[i];
        }
        return thinned;
    }

    private static float[] Ordered(float[] hessian, int[] channels)
    {
        var n = channels.Length;
        var ordered = new float[hessian.Length];
        for (var row = 0; row < n; row++)
        {
            for (var i = 0; i < n; i++)
            {
                ordered[(row * n) + i] = hessian[(channels[row] * n) + channels[i]];
            }
        }
        return ordered;
    }

    /// <summary>The tokens of all texts that are compared, [T, D].</summary>
    private float[] Compared(float[][] texts)
    {
        var size = _model.HiddenSize;
        return [.. texts.SelectMany(text => Enumerable.Range(1, text.Length / size / Stride)
            .SelectMany(i => text.AsSpan(((i * Stride) - 1) * size, size).ToArray()))];
    }
}
