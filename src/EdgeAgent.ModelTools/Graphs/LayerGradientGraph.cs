using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelTools.Import;
using static EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types;
using static EdgeAgent.ModelTools.Graphs.OnnxGraph;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>Writes the graph that takes a loss's gradient back through one layer, whose weights are inputs.</summary>
/// <remarks>
/// It computes the layer again from its input, with plain operators where <see cref="DecoderGraph"/> has fused ones,
/// and then every derivative from the last to the first. T tokens, D hidden size, H heads, K heads of keys, C channels;
/// the heads of queries that share a head of keys lie one behind the other, as rows of one matrix.
/// </remarks>
internal sealed class LayerGradientGraph : GradientGraph
{
    public const string Input = "layer.in";

    /// <summary>[T, D]: what the loss moves by for the layer's output.</summary>
    public const string OutputGradient = "layer.out.gradient";

    /// <summary>[T, D]: what the loss moves by for the layer's input.</summary>
    public const string InputGradient = "layer.in.gradient";

    /// <summary>[D, C]: what the loss moves by for the down projection.</summary>
    public const string DownGradient = "down.gradient";

    /// <summary>[T]: positions of the tokens.</summary>
    public const string Positions = "positions";

    /// <summary>[T, T]: added to the scores; 0 where a token attends, else very small.</summary>
    public const string Mask = "mask";

    private readonly DecoderConfig _model;
    private readonly LayerWeights _weights;
    private readonly LayerAttention _attention;

    private LayerGradientGraph(DecoderConfig model, LayerWeights weights, int layer)
        : base($"layer-{layer}-gradient", model.NormEpsilon) =>
        (_model, _weights, _attention) = (model, weights, model.Attention[layer]);

    /// <param name="channels">FFN channels to compute, the first ones.</param>
    public static ModelProto Build(DecoderConfig model, LayerWeights weights, int layer, int channels)
    {
        var graph = new LayerGradientGraph(model, weights, layer);
        graph.Declare();
        var attention = graph.Attend();
        graph.GoBack(attention, channels);
        foreach (var name in new[] { InputGradient, DownGradient })
        {
            graph.Graph.OutputOfAnyRank(name, DataType.Float);
        }
        return graph.Graph.Model();
    }

    /// <summary>What attention computed on its way.</summary>
    private readonly record struct Attended(
        string Query, string Key, string RawQuery, string RawKey, string Value, string Weights, string Projected,
        string Residual);

    private void Declare()
    {
        Graph.Input(Input, DataType.Float, "T", _model.HiddenSize);
        Graph.Input(OutputGradient, DataType.Float, "T", _model.HiddenSize);
        Graph.Input(Positions, DataType.Int64, "T");
        Graph.Input(Mask, DataType.Float, "T", "T");
        foreach (var table in _model.Rotary)
        {
            Graph.Input(table.CosInput, DataType.Float, "S", table.Dimensions / 2);
            Graph.Input(table.SinInput, DataType.Float, "S", table.Dimensions / 2);
        }
    }

    private Attended Attend()
    {
        var qkv = Linear(Norm(Input, _weights.AttentionNorm), _weights.Qkv, _weights.QkvBias);
        var parts = Split(qkv, Width(_model.Heads), Width(_model.KvHeads), Width(_model.KvHeads));
        string rawQuery = Heads(parts[0]), rawKey = Heads(parts[1]);
        var query = Turn(NormHeads(rawQuery, _weights.QueryNorm), back: false);
        var key = Grouped(Turn(NormHeads(rawKey, _weights.KeyNorm), back: false));
        query = Grouped(query);
        var value = Grouped(Heads(parts[2]));
        var scores = Fused(query, key, Int("transB", 1), Float("alpha", Scale));
        var masked = Op("Add", Reshape(scores, _model.Heads, -1, 0), Mask);
        var weights = Reshape(Op("Softmax", [Int("axis", -1)], masked), _model.KvHeads, -1, 0);
        var projected = Linear(Flat(Ungrouped(Op("MatMul", weights, value), _model.Heads)), _weights.Output,
            _weights.OutputBias);
        var added = _weights.NormAfterAttention is { } gain ? Norm(projected, gain) : projected;
        return new Attended(query, key, rawQuery, rawKey, value, weights, projected, Op("Add", Input, added));
    }

    private void GoBack(Attended attention, int channels)
    {
        var behind = Op("Add", OutputGradient, BackThroughFfn(attention.Residual, channels));
        var written = _weights.NormAfterAttention is { } gain
            ? NormGradient(attention.Projected, gain, behind) : behind;
        var output = Grouped(Heads(Op("MatMul", written, Weight(_weights.Output))));
        var moved = Op("Mul", Fused(output, attention.Value, Int("transB", 1)), attention.Weights);
        var sum = Graph.Node("ReduceSum", "", Name(), [moved, LastAxis]);
        var scores = Op("Sub", moved, Op("Mul", attention.Weights, sum));
        var query = Ungrouped(Fused(scores, attention.Key, Float("alpha", Scale)), _model.Heads);
        var key = Ungrouped(
            Fused(scores, attention.Query, Int("transA", 1), Float("alpha", Scale)), _model.KvHeads);
        var value = Ungrouped(Fused(attention.Weights, output, Int("transA", 1)), _model.KvHeads);
        var qkv = Op("Concat", [Int("axis", -1)],
            Flat(HeadsGradient(attention.RawQuery, _weights.QueryNorm, Turn(query, back: true))),
            Flat(HeadsGradient(attention.RawKey, _weights.KeyNorm, Turn(key, back: true))), Flat(value));
        var normal = Op("MatMul", qkv, Weight(_weights.Qkv));
        Graph.Node("Add", "", InputGradient, [behind, NormGradient(Input, _weights.AttentionNorm, normal)]);
    }

    /// <summary>The gradient that the FFN hands to what it reads; writes that of its down projection.</summary>
    private string BackThroughFfn(string residual, int channels)
    {
        var (gateWeights, upWeights) = (_weights.Gate.FirstOutputs(channels), _weights.Up.FirstOutputs(channels));
        var normal = Norm(residual, _weights.FfnNorm);
        string gate = Linear(normal, gateWeights), up = Linear(normal, upWeights);
        var (active, slope) = Activate(gate);
        var gated = Op("Mul", active, up);
        var down = _weights.Down[channels];
        var written = _weights.NormAfterFfn is { } gain
            ? NormGradient(Linear(gated, down), gain, OutputGradient) : OutputGradient;
        Graph.Node("FusedMatMul", Contrib, DownGradient, [written, gated], Int("transA", 1));
        var moved = Op("MatMul", written, Weight(down));
        var read = Op("Add",
            Op("MatMul", Op("Mul", Op("Mul", moved, up), slope), Weight(gateWeights)),
            Op("MatMul", Op("Mul", moved, active), Weight(upWeights)));
        return NormGradient(residual, _weights.FfnNorm, read);
    }

    /// <summary>The activation and its derivative.</summary>
    private (string Active, string Slope) Activate(string gate)
    {
        var one = Graph.Constant("one", 1f);
        if (_model.Activation == Activation.Silu)
        {
            // x·σ(x); σ + xσ·(1 − σ).
            var sigmoid = Op("Sigmoid", gate);
            var active = Op("Mul", gate, sigmoid);
            return (active, Op("Add", sigmoid, Op("Mul", active, Op("Sub", one, sigmoid))));
        }
        // x·h with h = (1 + tanh u)/2 and u = √(2/π)·(x + 0.044715·x³); h + x·2h·(1 − h)·u'.
        const float Cubic = 0.044715f;
        var root = Graph.Constant("root", MathF.Sqrt(2 / MathF.PI));
        var square = Op("Mul", gate, gate);
        var inner = Op("Mul", Op("Mul", root, gate),
            Op("Add", one, Op("Mul", square, Graph.Constant("cubic", Cubic))));
        var half = Op("Sigmoid", Op("Mul", inner, Graph.Constant("two", 2f)));
        var innerSlope = Op("Mul", root, Op("Add", one, Op("Mul", square, Graph.Constant("cubic_slope", 3 * Cubic))));
        var halfSlope = Op("Mul", Op("Mul", Op("Mul", half, Op("Sub", one, half)), innerSlope),
            Graph.Constant("two", 2f));
        return (Op("Mul", gate, half), Op("Add", half, Op("Mul", gate, halfSlope)));
    }

    private float Scale =>
        _model.AttentionScale != 0 ? _model.AttentionScale : 1 / MathF.Sqrt(_model.HeadDimensions);

    private long Width(int heads) => (long)heads * _model.HeadDimensions;

    /// <summary>[T, heads · n] as [T, heads, n].</summary>
    private string Heads(string flat) => Reshape(flat, 0, -1, _model.HeadDimensions);

    /// <summary>[T, heads, n] as [T, heads · n].</summary>
    private string Flat(string heads) => Reshape(heads, 0, -1);

    /// <summary>[T, heads, n] as [K, rows, n]: heads of queries below each other.</summary>
    private string Grouped(string heads) =>
        Reshape(Transposed(heads), _model.KvHeads, -1, _model.HeadDimensions);

    private string Ungrouped(string grouped, int heads) =>
        Transposed(Reshape(grouped, heads, -1, _model.HeadDimensions));

    private string Norm(string input, StoredTensor gain) => Norm(input, Graph.External(gain));

    private string NormGradient(string input, StoredTensor gain, string gradient) =>
        NormGradient(input, Graph.External(gain), gradient);

    private string NormHeads(string heads, StoredTensor? gain) => gain is null ? heads : Norm(heads, gain);

    private string HeadsGradient(string heads, StoredTensor? gain, string gradient) =>
        gain is null ? gradient : NormGradient(heads, gain, gradient);

    /// <summary>Turns pairs (a, b) of [T, heads, n] by their angles: (a·cos − b·sin, b·cos + a·sin).</summary>
    /// <param name="back">The transposed map, for gradients: the other way round.</param>
    private string Turn(string heads, bool back)
    {
        if (_attention.Rotary is not { } index)
        {
            return heads;
        }
        var table = _model.Rotary[index];
        long half = table.Dimensions / 2, rest = _model.HeadDimensions - table.Dimensions;
        string cos = AtPositions(table.CosInput), sin = AtPositions(table.SinInput);
        var parts = rest > 0 ? Split(heads, half, half, rest) : Split(heads, half, half);
        var (first, second) = back ? ("Add", "Sub") : ("Sub", "Add");
        string[] turned =
        [
            Op(first, Op("Mul", parts[0], cos), Op("Mul", parts[1], sin)),
            Op(second, Op("Mul", parts[1], cos), Op("Mul", parts[0], sin)),
        ];
        return Op("Concat", [Int("axis", -1)], [.. turned, .. parts[2..]]);
    }

    /// <summary>Rows of a rotary table, [T, 1, n].</summary>
    private string AtPositions(string table)
    {
        var name = $"{table}.at_positions";
        return Graph.Makes(name)
            ? name
            : Graph.Node("Unsqueeze", "", name,
                [
                    Graph.Node("Gather", "", $"{table}.rows", [table, Positions], Int("axis", 0)),
                    Graph.Constant("middle_axis", [1], 1),
                ]);
    }

    private string Linear(string input, StoredMatrix matrix, StoredTensor? bias = null)
    {
        var product = Fused(input, Weight(matrix), Int("transB", 1));
        return bias is null ? product : Op("Add", product, Graph.External(bias));
    }

    private string Weight(StoredMatrix matrix) => Graph.External(matrix.Weight);

    private string Transposed(string input)
    {
        var order = new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints };
        order.Ints.Add([1, 0, 2]);
        return Graph.Node("Transpose", "", Name(), [input], order);
    }

    private string[] Split(string input, params long[] widths)
    {
        string[] parts = [.. widths.Select(_ => Name())];
        Graph.Node("Split", "", parts,
            [input, Graph.Constant($"widths.{string.Join('.', widths)}", widths, widths.Length)], Int("axis", -1));
        return parts;
    }
}
