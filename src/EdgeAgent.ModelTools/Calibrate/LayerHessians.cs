using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>XᵀX of what goes into the matrices of a layer, [n, n] each.</summary>
/// <remarks>
/// What attention and FFN give is added to the residual stream and normalised with it. So a token counts there by one
/// over the size of its residual: the first token of a text has values a thousand times those of others, and would
/// otherwise be all that counts.
/// </remarks>
internal sealed record LayerHessians(float[] Qkv, float[] Output, float[] Ffn, float[] Down)
{
    /// <summary>The values of a layer that are inputs of a matrix, in the order of this record.</summary>
    public static string[] Inputs(int layer) =>
    [
        $"layers.{layer}.attention.norm.out", $"layers.{layer}.attention.out",
        $"layers.{layer}.ffn.norm.out", $"layers.{layer}.ffn.gated",
    ];

    public static LayerHessians Zero(DecoderConfig model)
    {
        var queries = model.Heads * model.HeadDimensions;
        return new LayerHessians(
            Square(model.HiddenSize), Square(queries), Square(model.HiddenSize), Square(model.IntermediateSize));
    }

    /// <summary>Adds one window; changes the given arrays.</summary>
    /// <param name="values">The layer's output [T, D], then [T, n] each in the order of <see cref="Inputs"/>.</param>
    public void Add(Gram gram, float[][] values, int tokens)
    {
        var weights = TokenWeights(values[0], tokens);
        ScaleTokens(values[2], weights);
        ScaleTokens(values[4], weights);
        gram.Add(values[1], values[1], tokens, Qkv);
        gram.Add(values[2], values[2], tokens, Output);
        gram.Add(values[3], values[3], tokens, Ffn);
        gram.Add(values[4], values[4], tokens, Down);
    }

    /// <summary>What goes in once the channels are divided by scales.</summary>
    public LayerHessians Scaled(DecoderConfig model, LayerScales scales) => new(
        Scaled(Qkv, scales.Normal), Scaled(Output, ScaledChannels.OfQueryHeads(model, scales.Values)),
        Scaled(Ffn, scales.FfnNormal), Scaled(Down, scales.Channels));

    private static float[] Scaled(float[] hessian, float[] scales)
    {
        var n = scales.Length;
        var scaled = new float[hessian.Length];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                scaled[(i * n) + j] = hessian[(i * n) + j] / (scales[i] * scales[j]);
            }
        }
        return scaled;
    }

    /// <summary>One over the root mean square of each token's residual.</summary>
    /// <param name="residual">[T, D]</param>
    public static float[] TokenWeights(float[] residual, int tokens)
    {
        var width = residual.Length / tokens;
        var weights = new float[tokens];
        for (var token = 0; token < tokens; token++)
        {
            var squares = TensorPrimitives.SumOfSquares<float>(residual.AsSpan(token * width, width));
            weights[token] = squares > 0 ? MathF.Sqrt(width / squares) : 0;
        }
        return weights;
    }

    /// <summary>Multiplies each token's row by its weight.</summary>
    public static void ScaleTokens(float[] values, float[] weights)
    {
        var width = values.Length / weights.Length;
        for (var token = 0; token < weights.Length; token++)
        {
            var row = values.AsSpan(token * width, width);
            TensorPrimitives.Multiply(row, weights[token], row);
        }
    }

    private static float[] Square(int n) => new float[checked(n * n)];
}
