using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;
using static EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>Streams the weights of a model into a data file, one matrix in memory at a time.</summary>
internal sealed class WeightsWriter(
    DecoderConfig model, ITensorSource source, WeightsFile file, bool quantized, Action<long> written)
{
    /// <summary>Writes everything that the given levels need.</summary>
    /// <param name="levels">FFN channels for each level and layer.</param>
    public ModelWeights Write(IReadOnlyList<IReadOnlyList<int>> levels)
    {
        var embedding = source.Read("model.embed_tokens.weight", model.VocabularySize, model.HiddenSize);
        var (head, rows) = WriteHead("embedding", embedding);
        var embeddingRows = rows;
        if (!model.TiedEmbedding)
        {
            (head, rows) = WriteHead("lm_head", source.Read("lm_head.weight", model.VocabularySize, model.HiddenSize));
        }
        var layers = new LayerWeights[model.Layers];
        for (var i = 0; i < layers.Length; i++)
        {
            var widths = levels.Select(channels => channels[i]).Where(width => width > 0).Distinct();
            layers[i] = WriteLayer(i, widths.OrderDescending());
        }
        return new ModelWeights(embeddingRows, head, rows, Norm("norm", "model.norm.weight", model.HiddenSize), layers);
    }

    private LayerWeights WriteLayer(int layer, IEnumerable<int> widths)
    {
        var (from, to) = ($"model.layers.{layer}", $"layers.{layer}");
        int hidden = model.HiddenSize, ffn = model.IntermediateSize;
        int queries = model.Heads * model.HeadDimensions, keys = model.KvHeads * model.HeadDimensions;
        var (gate, up) = ReadGateAndUp(from);
        return new LayerWeights(
            Norm($"{to}.attention.norm", $"{from}.input_layernorm.weight", hidden),
            Matrix($"{to}.attention.qkv", ReadQkv($"{from}.self_attn", queries, keys), hidden),
            Matrix($"{to}.attention.output", source.Read($"{from}.self_attn.o_proj.weight", hidden, queries), queries),
            Norm($"{to}.ffn.norm", $"{from}.{FfnNorm}.weight", hidden),
            Matrix($"{to}.ffn.gate", gate, hidden),
            Matrix($"{to}.ffn.up", up, hidden),
            WriteDown($"{to}.ffn.down", source.Read($"{from}.mlp.down_proj.weight", hidden, ffn), widths))
        {
            QkvBias = model.QkvBias
                ? Vector($"{to}.attention.qkv.bias", ReadBiases($"{from}.self_attn", queries, keys)) : null,
            OutputBias = model.OutputBias
                ? Vector($"{to}.attention.output.bias", source.Read($"{from}.self_attn.o_proj.bias", hidden)) : null,
            QueryNorm = HeadNorm($"{to}.attention.query_norm", $"{from}.self_attn.q_norm.weight"),
            KeyNorm = HeadNorm($"{to}.attention.key_norm", $"{from}.self_attn.k_norm.weight"),
            NormAfterAttention = model.NormsAfter
                ? Norm($"{to}.attention.norm_after", $"{from}.post_attention_layernorm.weight", hidden) : null,
            NormAfterFfn = model.NormsAfter
                ? Norm($"{to}.ffn.norm_after", $"{from}.post_feedforward_layernorm.weight", hidden) : null,
        };
    }

    /// <summary>The name that says "after attention" is the FFN's own norm where there is none after it.</summary>
    private string FfnNorm => model.NormsAfter ? "pre_feedforward_layernorm" : "post_attention_layernorm";

    private float[] ReadQkv(string from, int queries, int keys) => model.FusedProjections
        ? source.Read($"{from}.qkv_proj.weight", queries + (2 * keys), model.HiddenSize)
        :
        [
            .. source.Read($"{from}.q_proj.weight", queries, model.HiddenSize),
            .. source.Read($"{from}.k_proj.weight", keys, model.HiddenSize),
            .. source.Read($"{from}.v_proj.weight", keys, model.HiddenSize),
        ];

    private float[] ReadBiases(string from, int queries, int keys) => model.FusedProjections
        ? source.Read($"{from}.qkv_proj.bias", queries + (2 * keys))
        :
        [
            .. source.Read($"{from}.q_proj.bias", queries),
            .. source.Read($"{from}.k_proj.bias", keys),
            .. source.Read($"{from}.v_proj.bias", keys),
        ];

    private (float[] Gate, float[] Up) ReadGateAndUp(string from)
    {
        int hidden = model.HiddenSize, ffn = model.IntermediateSize;
        if (!model.FusedProjections)
        {
            return (source.Read($"{from}.mlp.gate_proj.weight", ffn, hidden),
                source.Read($"{from}.mlp.up_proj.weight", ffn, hidden));
        }
        var both = source.Read($"{from}.mlp.gate_up_proj.weight", 2 * ffn, hidden);
        return (both[..(both.Length / 2)], both[(both.Length / 2)..]);
    }

    /// <summary>Down projections run their blocks along the pruned axis, so each width is stored for itself.</summary>
    private Dictionary<int, StoredMatrix> WriteDown(string name, float[] down, IEnumerable<int> widths) =>
        widths.ToDictionary(width => width, width => Matrix($"{name}.{width}", FirstColumns(down, width), width));

    private float[] FirstColumns(float[] matrix, int columns)
    {
        var cut = new float[model.HiddenSize * columns];
        for (var row = 0; row < model.HiddenSize; row++)
        {
            matrix.AsSpan(row * model.IntermediateSize, columns).CopyTo(cut.AsSpan(row * columns));
        }
        return cut;
    }

    private (StoredMatrix Head, StoredMatrix Rows) WriteHead(string name, float[] values)
    {
        var head = Matrix(name, values, model.HiddenSize);
        return (head, head.AsTable($"{name}.rows"));
    }

    private StoredTensor? HeadNorm(string name, string sourceName) =>
        model.QueryKeyNorm ? Norm(name, sourceName, model.HeadDimensions) : null;

    private StoredTensor Norm(string name, string sourceName, int width)
    {
        var gains = source.Read(sourceName, width);
        if (model.NormGainOffset != 0)
        {
            TensorPrimitives.Add(gains, model.NormGainOffset, gains);
        }
        return Vector(name, gains);
    }

    private StoredTensor Vector(string name, float[] values) =>
        file.Append(name, DataType.Float, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()));

    /// <summary>Stores [outputs, inputs] in the layout of its operator.</summary>
    private StoredMatrix Matrix(string name, float[] values, int inputs)
    {
        if (quantized && inputs % BlockFormat.Int4.BlockSize != 0)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid,
                $"{name} has {inputs} inputs, which blocks of {BlockFormat.Int4.BlockSize} do not divide; "
                + "use --quant none.");
        }
        var matrix = quantized
            ? file.Append(name, RoundToNearest.Quantize(values, inputs, BlockFormat.Int4))
            : file.Append(name, values, inputs);
        written(file.SizeBytes);
        return matrix;
    }
}
