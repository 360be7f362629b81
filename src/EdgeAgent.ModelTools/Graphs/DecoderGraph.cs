using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelTools.Import;
using static EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types;
using static EdgeAgent.ModelTools.Graphs.OnnxGraph;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>Writes the graph of one pruning level of a decoder-only model.</summary>
/// <remarks>
/// Inputs and outputs are the graph contract of docs/ARCHITECTURE.md. B sequences, T tokens of each, R rows that go on
/// to the head, A chosen vocabulary rows, D hidden size, V vocabulary.
/// </remarks>
internal sealed class DecoderGraph
{
    private readonly DecoderConfig _model;
    private readonly ModelWeights? _weights;
    private readonly OnnxGraph _graph;

    /// <summary>The residual stream [B, T, D] and what is still to be added to it.</summary>
    private string _residual = "";
    private string? _pending;

    private DecoderGraph(DecoderConfig model, ModelWeights? weights, OnnxGraph graph) =>
        (_model, _weights, _graph) = (model, weights, graph);

    /// <summary>The graph that computes the first <paramref name="channels"/> of each layer's FFN.</summary>
    public static ModelProto Build(DecoderConfig model, ModelWeights weights, int level, IReadOnlyList<int> channels)
    {
        var graph = new DecoderGraph(model, weights, new OnnxGraph($"level-{level}"));
        graph.DeclareInputs();
        graph.Embed();
        for (var i = 0; i < model.Layers; i++)
        {
            graph.Attention(i, weights.Layers[i]);
            if (channels[i] > 0)
            {
                graph.FeedForward(i, weights.Layers[i], channels[i]);
            }
        }
        graph.Head();
        return graph._graph.Model();
    }

    /// <summary>One layer alone, for calibration: from `layer.in` to `layer.out`, its weights as inputs.</summary>
    /// <param name="watched">Values within the layer that become outputs too.</param>
    public static ModelProto BuildLayer(
        DecoderConfig model, LayerWeights weights, int layer, int channels, IEnumerable<string> watched)
    {
        var graph = new DecoderGraph(model, weights: null, new OnnxGraph($"layer-{layer}", weightsAsInputs: true));
        graph.DeclareAttentionInputs();
        graph.DeclareCache(layer);
        graph._residual = graph._graph.Input("layer.in", DataType.Float, "B", "T", model.HiddenSize);
        graph.Attention(layer, weights);
        if (channels > 0)
        {
            graph.FeedForward(layer, weights, channels);
        }
        graph._graph.Node("Add", "", "layer.out", [graph._residual, graph._pending!]);
        foreach (var name in watched.Prepend("layer.out"))
        {
            graph._graph.OutputOfAnyRank(name, DataType.Float);
        }
        return graph._graph.Model();
    }

    private void DeclareInputs()
    {
        _graph.Input("input_ids", DataType.Int64, "B", "T");
        DeclareAttentionInputs();
        _graph.Input("rows", DataType.Int64, "R");
        _graph.Input("head_ids", DataType.Int64, "A");
        for (var i = 0; i < _model.Layers; i++)
        {
            DeclareCache(i);
        }
        _graph.Output("hidden", DataType.Float, "R", _model.HiddenSize);
        _graph.Output("logits", DataType.Float, "R", "L");
    }

    private void DeclareAttentionInputs()
    {
        _graph.Input("seqlens_k", DataType.Int32, "B");
        _graph.InputOfAnyRank("total_sequence_length", DataType.Int32);
        foreach (var table in _model.Rotary)
        {
            _graph.Input(table.CosInput, DataType.Float, "S", table.Dimensions / 2);
            _graph.Input(table.SinInput, DataType.Float, "S", table.Dimensions / 2);
        }
    }

    private void DeclareCache(int layer)
    {
        foreach (var part in new[] { "key", "value" })
        {
            object[] shape = ["B", _model.KvHeads, "S", _model.HeadDimensions];
            _graph.Input($"past.{layer}.{part}", DataType.Float, shape);
            _graph.Output($"present.{layer}.{part}", DataType.Float, shape);
        }
    }

    private void Embed()
    {
        _residual = LookUp(_weights!.Embedding, "input_ids", "embedded");
        if (_model.EmbeddingScale != 1)
        {
            _residual = _graph.Node("Mul", "", "embedded.scaled",
                [_residual, _graph.Constant("embedding_scale", _model.EmbeddingScale)]);
        }
    }

    private void Attention(int layer, LayerWeights weights)
    {
        var name = $"layers.{layer}.attention";
        var normal = Norm(weights.AttentionNorm, $"{name}.norm.out");
        var qkv = Biased(Linear(weights.Qkv, normal, $"{name}.qkv.out"), weights.QkvBias);
        string[] projected = _model.QueryKeyNorm ? NormHeads(name, qkv, weights) : [qkv, "", ""];
        GroupQueryAttention(layer, $"{name}.out", projected);
        var output = Biased(Linear(weights.Output, $"{name}.out", $"{name}.projected"), weights.OutputBias);
        _pending = NormAfter(weights.NormAfterAttention, output);
    }

    private void GroupQueryAttention(int layer, string output, string[] projected)
    {
        var (rotary, window) = _model.Attention[layer];
        string[] tables = rotary is { } i ? [_model.Rotary[i].CosInput, _model.Rotary[i].SinInput] : [];
        List<AttributeProto> attributes =
        [
            Int("num_heads", _model.Heads), Int("kv_num_heads", _model.KvHeads),
            Int("do_rotary", rotary is null ? 0 : 1),
        ];
        if (window > 0)
        {
            attributes.Add(Int("local_window_size", window));
        }
        if (_model.AttentionScale != 0)
        {
            attributes.Add(Float("scale", _model.AttentionScale));
        }
        _graph.Node("GroupQueryAttention", Contrib, [output, $"present.{layer}.key", $"present.{layer}.value"],
            [.. projected, $"past.{layer}.key", $"past.{layer}.value", "seqlens_k", "total_sequence_length",
                .. tables],
            [.. attributes]);
    }

    /// <summary>Q, K and V apart, the heads of Q and K normalised: the CPU's attention takes no gains.</summary>
    private string[] NormHeads(string name, string qkv, LayerWeights weights)
    {
        long queries = _model.Heads * _model.HeadDimensions, keys = _model.KvHeads * _model.HeadDimensions;
        string[] parts = [$"{name}.q", $"{name}.k", $"{name}.v"];
        _graph.Node("Split", "", parts, [qkv, _graph.Constant("qkv_widths", [queries, keys, keys], 3)],
            Int("axis", -1));
        return
        [
            NormHeads(parts[0], weights.QueryNorm!, queries), NormHeads(parts[1], weights.KeyNorm!, keys), parts[2],
        ];
    }

    /// <summary>RMS norm of each head of [B, T, width].</summary>
    private string NormHeads(string name, StoredTensor gain, long width)
    {
        // In a shape for Reshape, 0 keeps the dimension that is there.
        var split = _graph.Constant("head_shape", [0, 0, -1, _model.HeadDimensions], 4);
        var heads = _graph.Node("Reshape", "", $"{name}.heads", [name, split]);
        var normal = NormOf(heads, gain, $"{name}.heads.norm.out");
        var flat = _graph.Constant($"flat_{width}", [0, 0, width], 3);
        return _graph.Node("Reshape", "", $"{name}.norm.out", [normal, flat]);
    }

    private string Biased(string input, StoredTensor? bias) =>
        bias is null ? input : _graph.Node("Add", "", $"{input}.biased", [input, _graph.External(bias)]);

    private string NormAfter(StoredTensor? gain, string input) =>
        gain is null ? input : NormOf(input, gain, $"{input}.norm.out");

    /// <summary>down(activation(gate(x)) ⊙ up(x)); QuickGelu with alpha 1 is SiLU.</summary>
    private void FeedForward(int layer, LayerWeights weights, int channels)
    {
        var name = $"layers.{layer}.ffn";
        var normal = Norm(weights.FfnNorm, $"{name}.norm.out");
        var gate = Linear(weights.Gate.FirstOutputs(channels), normal, $"{name}.gate.out");
        var up = Linear(weights.Up.FirstOutputs(channels), normal, $"{name}.up.out");
        var active = _model.Activation == Activation.GeluTanh
            ? _graph.Node("FastGelu", Contrib, $"{name}.active", [gate])
            : _graph.Node("QuickGelu", Contrib, $"{name}.active", [gate], Float("alpha", 1));
        var gated = _graph.Node("Mul", "", $"{name}.gated", [active, up]);
        _pending = NormAfter(weights.NormAfterFfn, Linear(weights.Down[channels], gated, $"{name}.down.out"));
    }

    /// <summary>
    /// The chosen rows through the last norm, then the whole head or the chosen vocabulary rows of it.
    /// </summary>
    private void Head()
    {
        var sum = _graph.Node("Add", "", "residual", [_residual, _pending!]);
        var shape = _graph.Constant("flat_shape", [-1, _model.HiddenSize], 2);
        var flat = _graph.Node("Reshape", "", "residual.flat", [sum, shape]);
        (_residual, _pending) = (_graph.Node("Gather", "", "residual.rows", [flat, "rows"], Int("axis", 0)), null);
        Norm(_weights!.FinalNorm, "hidden");

        var count = _graph.Node("Size", "", "head_ids.count", ["head_ids"]);
        var whole = _graph.Node("Equal", "", "head_ids.none", [count, _graph.Constant("zero", [0])]);
        _graph.Node("If", "", "logits", [whole], Graph("then_branch", WholeHead()), Graph("else_branch", ChosenHead()));
    }

    private GraphProto WholeHead()
    {
        var inner = new OnnxGraph("whole_head");
        LinearLayer.Add(inner, _graph, _weights!.Head, "hidden", "logits.whole", rank: 2);
        inner.Output("logits.whole", DataType.Float, "R", "L");
        return inner.Branch();
    }

    private GraphProto ChosenHead()
    {
        var inner = new OnnxGraph("chosen_head");
        var rows = LinearLayer.AddLookUp(inner, _graph, _weights!.HeadRows, "head_ids", "head.rows", rank: 1);
        inner.Node("FusedMatMul", Contrib, "logits.chosen", ["hidden", rows], Int("transB", 1));
        inner.Output("logits.chosen", DataType.Float, "R", "L");
        return inner.Branch();
    }

    /// <summary>RMS norm of the residual stream, after adding what was pending.</summary>
    private string Norm(StoredTensor gain, string output)
    {
        if (_pending is null)
        {
            return NormOf(_residual, gain, output);
        }
        var sum = $"{output}.sum";
        _graph.Node("SkipSimplifiedLayerNormalization", Contrib, [output, "", "", sum],
            [_residual, _pending, _graph.External(gain)], Float("epsilon", _model.NormEpsilon));
        (_residual, _pending) = (sum, null);
        return output;
    }

    /// <summary>RMS norm along the last dimension.</summary>
    private string NormOf(string input, StoredTensor gain, string output) =>
        _graph.Node("SimplifiedLayerNormalization", "", output, [input, _graph.External(gain)],
            Float("epsilon", _model.NormEpsilon), Int("axis", -1), Int("stash_type", 1));

    private string Linear(StoredMatrix matrix, string input, string output) =>
        LinearLayer.Add(_graph, _graph, matrix, input, output);

    private string LookUp(StoredMatrix table, string ids, string output) =>
        LinearLayer.AddLookUp(_graph, _graph, table, ids, output);
}
