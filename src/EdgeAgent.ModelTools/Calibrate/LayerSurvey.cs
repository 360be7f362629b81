using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What one layer told about itself: the order of its channels and the losses of its matrices.</summary>
internal sealed record LayerSurvey(ChannelOrder Order, IReadOnlyList<FormatLosses> Losses)
{
    /// <summary>What the layer's channels are to be divided by; null: nothing.</summary>
    public LayerScales? Scales { get; init; }

    /// <summary>Rows of a matrix that are rounded to know its loss; the others are alike.</summary>
    private const int SampledRows = 128;

    /// <summary>Measures one layer.</summary>
    /// <param name="least">FFN channels that every level keeps.</param>
    /// <remarks>
    /// Losses are squared errors of the residual stream relative to it. For the matrices that write into it that is
    /// what GPTQ reports. Of those before, the relative error of their own output is taken for that of what attention
    /// or FFN writes.
    /// </remarks>
    public static LayerSurvey Of(DecoderConfig model, LayerMemory memory, int layer, LayerHessians hessians,
        int least, IReadOnlyList<BlockFormat> formats)
    {
        var name = $"layers.{layer}";
        var downName = LayerWeights.DownName(layer, model.IntermediateSize);
        var order = ChannelOrder.Find(hessians.Down, memory[downName], model.IntermediateSize, least);
        var attention = Energy(memory[$"{name}.attention.output"], hessians.Output);
        var ffn = Energy(memory[downName], hessians.Down);
        FormatLosses[] losses =
        [
            .. Measure(memory, hessians.Qkv, formats, attention, $"{name}.attention.qkv"),
            .. Measure(memory, hessians.Output, formats, attention, $"{name}.attention.output"),
            .. Measure(memory, hessians.Ffn, formats, ffn, $"{name}.ffn.gate", $"{name}.ffn.up"),
            .. Measure(memory, hessians.Down, formats, ffn, downName),
        ];
        return new LayerSurvey(order, losses);
    }

    private static IEnumerable<FormatLosses> Measure(LayerMemory memory, float[] hessian,
        IReadOnlyList<BlockFormat> formats, double written, params string[] names)
    {
        var columns = (int)Math.Sqrt(hessian.Length);
        var feedback = ErrorFeedback.Of(hessian, columns);
        foreach (var name in names)
        {
            var weights = memory[name];
            var sample = Sample(weights, columns);
            var share = written / Math.Max(Energy(sample, hessian), double.Epsilon);
            yield return new FormatLosses(name, weights.Length, columns, [.. formats.Select(format =>
                share * Gptq.Quantize(sample, sample.Length / columns, feedback, format).Loss)]);
        }
    }

    /// <summary>Evenly spread rows.</summary>
    public static float[] Sample(float[] weights, int columns)
    {
        var rows = weights.Length / columns;
        var count = Math.Min(rows, SampledRows);
        var sample = new float[count * columns];
        for (var i = 0; i < count; i++)
        {
            weights.AsSpan((int)((long)i * rows / count) * columns, columns).CopyTo(sample.AsSpan(i * columns));
        }
        return sample;
    }

    /// <summary>tr(W·H·Wᵀ): squared size of what a matrix gives.</summary>
    public static double Energy(float[] weights, float[] hessian)
    {
        var columns = (int)Math.Sqrt(hessian.Length);
        var energies = new double[weights.Length / columns];
        Parallel.For(0, energies.Length, row =>
        {
            var values = weights.AsSpan(row * columns, columns);
            var product = new float[columns];
            for (var i = 0; i < columns; i++)
            {
                TensorPrimitives.MultiplyAdd(hessian.AsSpan(i * columns, columns), values[i], product, product);
            }
            energies[row] = TensorPrimitives.Dot<float>(product, values);
        });
        return energies.Sum();
    }
}
