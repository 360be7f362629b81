using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Chooses the scales of a layer with which rounding harms least what its matrices give.</summary>
/// <remarks>
/// Lin et al. 2023 (AWQ, arXiv 2306.00978): a channel that carries much is made smaller, and its weights larger, so
/// that they are rounded with a finer step. A scale is the channel's root mean square (the paper: mean magnitude; the
/// Hessian has the former) to a power that is searched between 0, which leaves the layer as it is, and 1.
/// </remarks>
internal static class ScaleChoice
{
    /// <summary>Powers that are tried: as many as in the paper.</summary>
    private const int Powers = 20;

    /// <summary>Channels that hardly speak get no scale below this share of the loudest.</summary>
    private const float LeastShare = 1e-4f;

    /// <param name="memory">The layer as it is in fp32.</param>
    /// <param name="format">What its matrices will be rounded to.</param>
    public static LayerScales Of(
        DecoderConfig model, LayerMemory memory, int layer, LayerHessians hessians, BlockFormat format)
    {
        var name = $"layers.{layer}";
        var grouped = new double[model.KvHeads * model.HeadDimensions];
        var outputs = Diagonal(hessians.Output);
        for (var i = 0; i < outputs.Length; i++)
        {
            grouped[ScaledChannels.KvChannel(model, i)] += outputs[i];
        }
        return new LayerScales(
            Find(hessians.Qkv, format, memory[$"{name}.attention.qkv"]),
            Best(grouped, scales => ScaledChannels.OfQueryHeads(model, scales), hessians.Output, format,
                memory[$"{name}.attention.output"]),
            Find(hessians.Ffn, format, memory[$"{name}.ffn.gate"], memory[$"{name}.ffn.up"]),
            Find(hessians.Down, format, memory[LayerWeights.DownName(layer, model.IntermediateSize)]));
    }

    /// <summary>One scale for each column of matrices that share their input.</summary>
    /// <param name="hessian">[n, n]: XᵀX of the input.</param>
    /// <param name="matrices">[outputs, n] each.</param>
    public static float[] Find(float[] hessian, BlockFormat format, params float[][] matrices) =>
        Best(Diagonal(hessian), scales => scales, hessian, format, matrices);

    /// <summary>The scales of the best power.</summary>
    /// <param name="squares">Squared size of each channel that has a scale.</param>
    /// <param name="ofColumns">From those scales to one for each column of the matrices.</param>
    private static float[] Best(double[] squares, Func<float[], float[]> ofColumns, float[] hessian,
        BlockFormat format, params float[][] matrices)
    {
        var columns = (int)Math.Sqrt(hessian.Length);
        var samples = Array.ConvertAll(matrices, matrix => LayerSurvey.Sample(matrix, columns));
        var importances = Array.ConvertAll(Diagonal(hessian), value => (float)value);
        var (best, least) = (Scales(squares, 0), double.PositiveInfinity);
        for (var step = 0; step < Powers; step++)
        {
            var scales = Scales(squares, (double)step / Powers);
            var columnScales = ofColumns(scales);
            var loss = samples.Sum(sample => Loss(sample, columnScales, hessian, importances, format));
            if (loss < least)
            {
                (best, least) = (scales, loss);
            }
        }
        return best;
    }

    /// <summary>Sizes to a power, so that the largest is one over the smallest.</summary>
    private static float[] Scales(double[] squares, double power)
    {
        var loudest = squares.Max();
        if (loudest <= 0)
        {
            return [.. squares.Select(_ => 1f)];
        }
        var scales = Array.ConvertAll(squares, square =>
            MathF.Pow(MathF.Max(MathF.Sqrt((float)(square / loudest)), LeastShare), (float)power));
        var middle = MathF.Sqrt(scales.Max() * scales.Min());
        TensorPrimitives.Divide(scales, middle, scales);
        return scales;
    }

    /// <summary>tr(Δ·H·Δᵀ), Δ being what rounding the scaled weights changes.</summary>
    private static double Loss(
        float[] weights, float[] scales, float[] hessian, float[] importances, BlockFormat format)
    {
        var columns = scales.Length;
        var costs = new float[columns];
        for (var i = 0; i < columns; i++)
        {
            costs[i] = importances[i] / (scales[i] * scales[i]);
        }
        var scaled = (float[])weights.Clone();
        MatrixParts.MultiplyColumns(scaled, scales);
        var errors = SearchedRounding.Quantize(scaled, columns, costs, format).Dequantize();
        for (var start = 0; start < errors.Length; start += columns)
        {
            var row = errors.AsSpan(start, columns);
            TensorPrimitives.Divide(row, scales, row);
            TensorPrimitives.Subtract(row, weights.AsSpan(start, columns), row);
        }
        return LayerSurvey.Energy(errors, hessian);
    }

    private static double[] Diagonal(float[] hessian)
    {
        var n = (int)Math.Sqrt(hessian.Length);
        return [.. Enumerable.Range(0, n).Select(i => (double)hessian[(i * n) + i])];
    }
}
