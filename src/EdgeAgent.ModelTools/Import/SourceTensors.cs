using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Import;

/// <summary>What a source calls the tensors that stand before and behind the layers.</summary>
internal static class SourceTensors
{
    public const string Embedding = "model.embed_tokens.weight";
    public const string Head = "lm_head.weight";
    public const string FinalNorm = "model.norm.weight";

    /// <summary>The tensor that the head multiplies by.</summary>
    public static string HeadOf(DecoderConfig model) => model.TiedEmbedding ? Embedding : Head;

    /// <summary>The gains of a norm as the model multiplies by them, [width].</summary>
    public static float[] ReadGains(this ITensorSource source, DecoderConfig model, string name, int width)
    {
        var gains = source.Read(name, width);
        if (model.NormGainOffset != 0)
        {
            TensorPrimitives.Add(gains, model.NormGainOffset, gains);
        }
        return gains;
    }
}
