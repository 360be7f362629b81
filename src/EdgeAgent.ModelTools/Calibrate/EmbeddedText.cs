using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What the first layer of a model sees of a text.</summary>
internal static class EmbeddedText
{
    /// <summary>[T, D] of each window.</summary>
    public static float[][] Of(DecoderConfig model, ITensorSource source, IReadOnlyList<int[]> windows)
    {
        var table = source.Read("model.embed_tokens.weight", model.VocabularySize, model.HiddenSize);
        return [.. windows.Select(window => Embed(table, model, window))];
    }

    private static float[] Embed(float[] table, DecoderConfig model, int[] tokens)
    {
        var hidden = new float[tokens.Length * model.HiddenSize];
        for (var i = 0; i < tokens.Length; i++)
        {
            table.AsSpan(tokens[i] * model.HiddenSize, model.HiddenSize).CopyTo(hidden.AsSpan(i * model.HiddenSize));
        }
        TensorPrimitives.Multiply(hidden, model.EmbeddingScale, hidden);
        return hidden;
    }
}
