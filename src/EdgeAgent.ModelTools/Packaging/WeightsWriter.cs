using System.Runtime.InteropServices;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;
using static EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>Streams the weights of a model into a data file, one matrix in memory at a time.</summary>
/// <param name="written">Receives how many weights of matrices are written, of about <see cref="Total"/>.</param>
internal sealed class WeightsWriter(
    DecoderConfig model, ITensorSource source, WeightsFile file, IMatrixQuantizer? quantizer,
    Action<long> written)
{
    /// <summary>Weights of embedding and head that are read at a time; all of a vocabulary are a gigabyte.</summary>
    private const int HeadWeights = 8 << 20;

    /// <summary>Where matrices come from that are quantized already; null: all are read as floats.</summary>
    public KeptMatrices? Kept { get; init; }

    private long _written;

    /// <summary>Weights that the given levels need, down projections of their own included.</summary>
    public static long Total(DecoderConfig model, ITensorSource source, IReadOnlyList<IReadOnlyList<int>> levels) =>
        source.Elements + (model.HiddenSize * Enumerable.Range(0, model.Layers).Sum(layer =>
            Widths(levels, layer).Where(width => width < model.IntermediateSize).Sum(width => (long)width)));

    /// <summary>Writes everything that the given levels need.</summary>
    /// <param name="levels">FFN channels for each level and layer.</param>
    public ModelWeights Write(IReadOnlyList<IReadOnlyList<int>> levels)
    {
        var (head, rows) = WriteHead("embedding", SourceTensors.Embedding);
        var embeddingRows = rows;
        if (!model.TiedEmbedding)
        {
            (head, rows) = WriteHead("lm_head", SourceTensors.Head);
        }
        var layers = new LayerWeights[model.Layers];
        for (var i = 0; i < layers.Length; i++)
        {
            layers[i] = WriteLayer(i, [.. Widths(levels, i).OrderDescending()]);
        }
        var norm = Norm("norm", SourceTensors.FinalNorm, model.HiddenSize);
        return new ModelWeights(embeddingRows, head, rows, norm, layers);
    }

    /// <summary>Writes one layer, with a down projection for each width.</summary>
    public LayerWeights WriteLayer(int layer, IReadOnlyList<int> widths)
    {
        quantizer?.Begin(layer, widths);
        var (from, to) = ($"model.layers.{layer}", $"layers.{layer}");
        var hidden = model.HiddenSize;
        int queries = model.Heads * model.HeadDimensions, keys = model.KvHeads * model.HeadDimensions;
        // The order of these lines is the order in the data file.
        var attentionNorm = Norm($"{to}.attention.norm", $"{from}.input_layernorm.weight", hidden);
        var qkv = Keep($"{to}.attention.qkv", QkvParts($"{from}.self_attn", queries, keys), hidden)
            ?? Matrix($"{to}.attention.qkv", ReadQkv($"{from}.self_attn", queries, keys), hidden);
        var output = Matrix($"{to}.attention.output", $"{from}.self_attn.o_proj.weight", hidden, queries);
        var ffnNorm = Norm($"{to}.ffn.norm", $"{from}.{FfnNorm}.weight", hidden);
        var (gate, up) = WriteGateAndUp(to, from);
        var down = WriteDown(layer, $"{from}.mlp.down_proj.weight", widths);
        return new LayerWeights(attentionNorm, qkv, output, ffnNorm, gate, up, down)
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

    private static IEnumerable<int> Widths(IReadOnlyList<IReadOnlyList<int>> levels, int layer) =>
        levels.Select(channels => channels[layer]).Where(width => width > 0).Distinct();

    /// <summary>The name that says "after attention" is the FFN's own norm where there is none after it.</summary>
    private string FfnNorm => model.NormsAfter ? "pre_feedforward_layernorm" : "post_attention_layernorm";

    private MatrixPart[] QkvParts(string from, int queries, int keys) => model.FusedProjections
        ? [new($"{from}.qkv_proj.weight", queries + (2 * keys))]
        :
        [
            new($"{from}.q_proj.weight", queries), new($"{from}.k_proj.weight", keys),
            new($"{from}.v_proj.weight", keys),
        ];

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

    private (StoredMatrix Gate, StoredMatrix Up) WriteGateAndUp(string to, string from)
    {
        int hidden = model.HiddenSize, ffn = model.IntermediateSize;
        var (gate, up) = ($"{to}.ffn.gate", $"{to}.ffn.up");
        if (!model.FusedProjections)
        {
            return (Matrix(gate, $"{from}.mlp.gate_proj.weight", ffn, hidden),
                Matrix(up, $"{from}.mlp.up_proj.weight", ffn, hidden));
        }
        var name = $"{from}.mlp.gate_up_proj.weight";
        if (Keep(gate, [new(name, 2 * ffn) { Count = ffn }], hidden) is { } kept)
        {
            return (kept, Keep(up, [new(name, 2 * ffn) { First = ffn, Count = ffn }], hidden)!);
        }
        var both = source.Read(name, 2 * ffn, hidden);
        return (Matrix(gate, both[..(both.Length / 2)], hidden), Matrix(up, both[(both.Length / 2)..], hidden));
    }

    /// <summary>Down projections run their blocks along the pruned axis, so each width is stored for itself.</summary>
    private Dictionary<int, StoredMatrix> WriteDown(int layer, string sourceName, IEnumerable<int> widths)
    {
        var full = model.IntermediateSize;
        float[]? down = null;
        return widths.ToDictionary(width => width, width =>
            (width == full
                ? Keep(LayerWeights.DownName(layer, width), [new(sourceName, model.HiddenSize)], full) : null)
            ?? Matrix(LayerWeights.DownName(layer, width),
                MatrixParts.Columns(
                    down ??= source.Read(sourceName, model.HiddenSize, full), full, 0, width), width));
    }

    private (StoredMatrix Head, StoredMatrix Rows) WriteHead(string name, string sourceName)
    {
        int outputs = model.VocabularySize, inputs = model.HiddenSize;
        if (Keep(name, [new(sourceName, outputs)], inputs) is not { } head)
        {
            var whole = _written + ((long)outputs * inputs);
            var parts = ReadInParts(sourceName, outputs, inputs);
            head = quantizer is null
                ? file.Append(name, outputs, inputs, parts)
                : file.Append(name, outputs, parts.Select(rows => quantizer.Quantize(name, rows, inputs)));
            Count(whole - _written);
        }
        return (head, head.AsTable($"{name}.rows"));
    }

    /// <summary>Some rows after the other, in an array that is used again; the last ones are not counted.</summary>
    private IEnumerable<float[]> ReadInParts(string sourceName, int outputs, int inputs)
    {
        var count = Math.Max(1, HeadWeights / inputs);
        float[] rows = [];
        for (var first = 0; first < outputs; first += count)
        {
            Count(rows.Length);
            count = Math.Min(count, outputs - first);
            rows = rows.Length == count * inputs ? rows : new float[count * inputs];
            source.ReadRows(sourceName, [outputs, inputs], first, rows);
            yield return rows;
        }
    }

    private StoredTensor? HeadNorm(string name, string sourceName) =>
        model.QueryKeyNorm ? Norm(name, sourceName, model.HeadDimensions) : null;

    private StoredTensor Norm(string name, string sourceName, int width) =>
        Vector(name, source.ReadGains(model, sourceName, width));

    private StoredTensor Vector(string name, float[] values) =>
        file.Append(name, DataType.Float, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()));

    private StoredMatrix Matrix(string name, string sourceName, int outputs, int inputs) =>
        Keep(name, [new(sourceName, outputs)], inputs)
        ?? Matrix(name, source.Read(sourceName, outputs, inputs), inputs);

    private StoredMatrix? Keep(string name, MatrixPart[] parts, int inputs)
    {
        var stored = Kept?.Store(file, name, parts, inputs);
        if (stored is not null)
        {
            Count(parts.Sum(part => (long)part.Count) * inputs);
        }
        return stored;
    }

    /// <summary>Stores [outputs, inputs] in the layout of its operator.</summary>
    private StoredMatrix Matrix(string name, float[] values, int inputs)
    {
        var matrix = quantizer is null
            ? file.Append(name, values, inputs)
            : file.Append(name, quantizer.Quantize(name, values, inputs));
        Count(values.Length);
        return matrix;
    }

    private void Count(long weights)
    {
        if (weights > 0)
        {
            written(_written += weights);
        }
    }
}
