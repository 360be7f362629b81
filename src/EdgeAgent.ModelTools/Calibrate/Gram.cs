using System.Numerics.Tensors;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Sums aᵀ·b over windows: the Hessian of a matrix where both are its inputs.</summary>
internal sealed class Gram : IDisposable
{
    private readonly TensorGraph _graph = TensorGraph.Open(Build());

    /// <summary>sum += aᵀ·b</summary>
    /// <param name="a">[T, n]</param>
    /// <param name="b">[T, m]</param>
    /// <param name="sum">[n, m]</param>
    public void Add(float[] a, float[] b, int tokens, float[] sum)
    {
        using var left = GraphInput.Of<float>("a", a, tokens, a.Length / tokens);
        using var right = GraphInput.Of<float>("b", b, tokens, b.Length / tokens);
        var product = _graph.Run([left, right], ["sum"])[0];
        TensorPrimitives.Add(sum, product, sum);
    }

    public void Dispose() => _graph.Dispose();

    private static byte[] Build()
    {
        var graph = new OnnxGraph("gram");
        graph.Input("a", TensorProto.Types.DataType.Float, "T", "N");
        graph.Input("b", TensorProto.Types.DataType.Float, "T", "M");
        graph.Node("FusedMatMul", OnnxGraph.Contrib, "sum", ["a", "b"], OnnxGraph.Int("transA", 1));
        graph.OutputOfAnyRank("sum", TensorProto.Types.DataType.Float);
        return graph.Model().ToByteArray();
    }
}
