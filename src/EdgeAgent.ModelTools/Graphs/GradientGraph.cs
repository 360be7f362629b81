using EdgeAgent.Inference.Graphs.Onnx;
using static EdgeAgent.ModelTools.Graphs.OnnxGraph;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>The nodes of which graphs for gradients are made; their values have numbers for names.</summary>
internal abstract class GradientGraph(string name, float epsilon)
{
    private int _count;

    /// <summary>Weights are inputs.</summary>
    protected OnnxGraph Graph { get; } = new(name, weightsAsInputs: true);

    protected string LastAxis => Graph.Constant("last_axis", [-1], 1);

    /// <summary>RMS norm along the last dimension.</summary>
    protected string Norm(string input, string gain) => Op("SimplifiedLayerNormalization",
        [Float("epsilon", epsilon), Int("axis", -1), Int("stash_type", 1)], input, gain);

    /// <summary>y = g·x·r with r = 1/√(mean x² + ε), so dx = r·(u − x·r²·mean(u·x)) with u = g·dy.</summary>
    protected string NormGradient(string input, string gain, string gradient)
    {
        var square = Op("Add", Mean(Op("Mul", input, input)), Graph.Constant("epsilon", epsilon));
        var weighed = Op("Mul", gradient, gain);
        var along = Op("Div", Mean(Op("Mul", weighed, input)), square);
        return Op("Div", Op("Sub", weighed, Op("Mul", input, along)), Op("Sqrt", square));
    }

    protected string Fused(string left, string right, params AttributeProto[] attributes) =>
        Graph.Node("FusedMatMul", Contrib, Name(), [left, right], attributes);

    /// <summary>A shape in which 0 keeps a dimension and −1 takes what is left.</summary>
    protected string Reshape(string input, params long[] shape) => Op("Reshape", [],
        input, Graph.Constant($"shape.{string.Join('.', shape)}", shape, shape.Length));

    protected string Op(string type, params string[] inputs) => Op(type, [], inputs);

    protected string Op(string type, AttributeProto[] attributes, params string[] inputs) =>
        Graph.Node(type, "", Name(), inputs, attributes);

    protected string Name() => $"value.{_count++}";

    private string Mean(string input) => Op("ReduceMean", [], input, LastAxis);
}
