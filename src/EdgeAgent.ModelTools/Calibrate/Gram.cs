using System.Numerics.Tensors;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Sums aᵀ·b over windows: the Hessian of a matrix where both are its inputs.</summary>
internal sealed class Gram : IDisposable
{
    /// <summary>Columns of a at a time: a product of all would be as large as the sum itself.</summary>
    private const int Panel = 1024;

    private readonly TensorGraph _graph = TensorGraph.Open(Build());

    /// <summary>sum += aᵀ·b</summary>
    /// <param name="a">[T, n]</param>
    /// <param name="b">[T, m]</param>
    /// <param name="sum">[n, m]</param>
    public void Add(float[] a, float[] b, int tokens, float[] sum)
    {
        var (n, m) = (a.Length / tokens, b.Length / tokens);
        using var right = GraphInput.Of<float>("b", b, tokens, m);
        for (var first = 0; first < n; first += Panel)
        {
            var count = Math.Min(Panel, n - first);
            using var left = GraphInput.Of<float>(
                "a", count == n ? a : Columns(a, tokens, first, count), tokens, count);
            var product = _graph.Run([left, right], ["sum"])[0];
            var part = sum.AsSpan(first * m, product.Length);
            TensorPrimitives.Add(part, product, part);
        }
    }

    private static float[] Columns(float[] values, int rows, int first, int count)
    {
        var (width, columns) = (values.Length / rows, new float[rows * count]);
        for (var row = 0; row < rows; row++)
        {
            values.AsSpan((row * width) + first, count).CopyTo(columns.AsSpan(row * count));
        }
        return columns;
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
