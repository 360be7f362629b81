using System.Globalization;
using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>A source whose channels are divided by scales where they are made and multiplied where they are
/// taken; what the model computes stays the same.</summary>
/// <remarks>
/// Where norms make them their gains are divided, where a matrix does its rows and its bias. A gate's channels go
/// through the activation and stay; queries and keys are turned in pairs and normalised, and stay too.
/// </remarks>
/// <param name="scales">One for each layer.</param>
internal sealed class ScaledChannels(
    DecoderConfig model, ITensorSource source, IReadOnlyList<LayerScales> scales) : ITensorSource
{
    public long Elements => source.Elements;

    public bool Contains(string name) => source.Contains(name);

    public float[] Read(string name, params long[] shape)
    {
        var values = source.Read(name, shape);
        // model.layers.N.mlp.up_proj.weight
        if (name.Split('.', 4) is not [_, "layers", var number, var part])
        {
            return values;
        }
        var layer = scales[int.Parse(number, CultureInfo.InvariantCulture)];
        switch (part)
        {
            case "input_layernorm.weight":
                DivideGains(values, layer.Normal);
                break;
            case "post_attention_layernorm.weight" when !model.NormsAfter:
            case "pre_feedforward_layernorm.weight":
                DivideGains(values, layer.FfnNormal);
                break;
            case "self_attn.q_proj.weight" or "self_attn.k_proj.weight":
                MatrixParts.MultiplyColumns(values, layer.Normal);
                break;
            case "self_attn.v_proj.weight" or "self_attn.qkv_proj.weight":
                MatrixParts.MultiplyColumns(values, layer.Normal);
                DivideLastRows(values, layer.Values, layer.Normal.Length);
                break;
            case "self_attn.v_proj.bias" or "self_attn.qkv_proj.bias":
                DivideLastRows(values, layer.Values, columns: 1);
                break;
            case "self_attn.o_proj.weight":
                MatrixParts.MultiplyColumns(values, OfQueryHeads(model, layer.Values));
                break;
            case "mlp.gate_proj.weight":
                MatrixParts.MultiplyColumns(values, layer.FfnNormal);
                break;
            case "mlp.up_proj.weight" or "mlp.gate_up_proj.weight":
                MatrixParts.MultiplyColumns(values, layer.FfnNormal);
                DivideLastRows(values, layer.Channels, layer.FfnNormal.Length);
                break;
            case "mlp.down_proj.weight":
                MatrixParts.MultiplyColumns(values, layer.Channels);
                break;
        }
        return values;
    }

    public void ReadRows(string name, long[] shape, int first, Span<float> rows)
    {
        if (name.Contains("layers.", StringComparison.Ordinal))
        {
            MatrixParts.CopyRows(Read(name, shape), shape[1], first, rows);
            return;
        }
        source.ReadRows(name, shape, first, rows);
    }

    public void Dispose() => source.Dispose();

    /// <summary>The scales of V for every query head: neighbours share a KV head.</summary>
    /// <returns>[heads × head]</returns>
    public static float[] OfQueryHeads(DecoderConfig model, float[] values)
    {
        var all = new float[model.Heads * model.HeadDimensions];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = values[KvChannel(model, i)];
        }
        return all;
    }

    /// <summary>The channel of V that a channel of what attention gives comes from.</summary>
    public static int KvChannel(DecoderConfig model, int channel)
    {
        var (head, place) = Math.DivRem(channel, model.HeadDimensions);
        return (head / (model.Heads / model.KvHeads) * model.HeadDimensions) + place;
    }

    private void DivideGains(float[] gains, float[] scales)
    {
        for (var i = 0; i < gains.Length; i++)
        {
            gains[i] = ((gains[i] + model.NormGainOffset) / scales[i]) - model.NormGainOffset;
        }
    }

    /// <summary>Of a matrix that makes several things at once, these channels are the last.</summary>
    private static void DivideLastRows(float[] values, float[] scales, int columns)
    {
        var first = (values.Length / columns) - scales.Length;
        for (var i = 0; i < scales.Length; i++)
        {
            var row = values.AsSpan((first + i) * columns, columns);
            TensorPrimitives.Divide(row, scales[i], row);
        }
    }
}
