using System.Numerics.Tensors;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Sums aᵀ·b over windows: the Hessian of a matrix where both are its inputs.</summary>
internal sealed class Gram : IDisposable
{
    /// <summary>Columns of a at a time: a product of all would be as large as the sum itself.</summary>
    private const int Panel = 1024;

    private readonly TensorGraph _graph = ProductGraph.Open("transA");

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
                "a", count == n ? a : MatrixParts.Columns(a, n, first, count), tokens, count);
            var start = first * m;
            _graph.Run([left, right], [ProductGraph.Output], (_, product) =>
            {
                var part = sum.AsSpan(start, product.Length);
                TensorPrimitives.Add(part, product, part);
            });
        }
    }

    public void Dispose() => _graph.Dispose();
}
