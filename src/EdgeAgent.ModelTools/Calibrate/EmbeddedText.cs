using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What the first layer of a model sees of a text.</summary>
internal static class EmbeddedText
{
    /// <summary>[T, D] of each window, made when it is asked for.</summary>
    /// <remarks>Row by row: the whole table can be a gigabyte.</remarks>
    public static IEnumerable<float[]> Of(DecoderConfig model, ITensorSource source, IEnumerable<int[]> windows) =>
        windows.Select(window => Embed(source, model, window));

    private static float[] Embed(ITensorSource source, DecoderConfig model, int[] tokens)
    {
        long[] table = [model.VocabularySize, model.HiddenSize];
        var hidden = new float[tokens.Length * model.HiddenSize];
        for (var i = 0; i < tokens.Length; i++)
        {
            source.ReadRows(SourceTensors.Embedding, table, tokens[i],
                hidden.AsSpan(i * model.HiddenSize, model.HiddenSize));
        }
        TensorPrimitives.Multiply(hidden, model.EmbeddingScale, hidden);
        return hidden;
    }
}
