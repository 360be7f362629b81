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
            (head, rows) = WriteHead("head", source.Read("lm_head.weight", model.VocabularySize, model.HiddenSize));
        }
        var layers = new LayerWeights[model.Layers];
        for (var i = 0; i < layers.Length; i++)
        {
            var widths = levels.Select(channels => channels[i]).Where(width => width > 0).Distinct();
            layers[i] = WriteLayer(i, widths.OrderDescending());
        }
        return new ModelWeights(embeddingRows, head, rows, Vector("norm", "model.norm.weight"), layers);
    }

    private LayerWeights WriteLayer(int layer, IEnumerable<int> widths)
    {
        var (from, to) = ($"model.layers.{layer}", $"layers.{layer}");
        int hidden = model.HiddenSize, ffn = model.IntermediateSize;
        int queries = model.Heads * model.HeadDimensions, keys = model.KvHeads * model.HeadDimensions;
        float[] qkv =
        [
            .. source.Read($"{from}.self_attn.q_proj.weight", queries, hidden),
            .. source.Read($"{from}.self_attn.k_proj.weight", keys, hidden),
            .. source.Read($"{from}.self_attn.v_proj.weight", keys, hidden),
        ];
        return new LayerWeights(
            Vector($"{to}.attention.norm", $"{from}.input_layernorm.weight"),
            Matrix($"{to}.attention.qkv", qkv, hidden),
            Matrix($"{to}.attention.output", source.Read($"{from}.self_attn.o_proj.weight", hidden, queries), queries),
            Vector($"{to}.ffn.norm", $"{from}.post_attention_layernorm.weight"),
            Matrix($"{to}.ffn.gate", source.Read($"{from}.mlp.gate_proj.weight", ffn, hidden), hidden),
            Matrix($"{to}.ffn.up", source.Read($"{from}.mlp.up_proj.weight", ffn, hidden), hidden),
            WriteDown($"{to}.ffn.down", source.Read($"{from}.mlp.down_proj.weight", hidden, ffn), widths));
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

    private StoredTensor Vector(string name, string sourceName) =>
        file.Append(name, DataType.Float, [model.HiddenSize],
            MemoryMarshal.AsBytes(source.Read(sourceName, model.HiddenSize).AsSpan()));

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
