using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>A graph that multiplies two matrices in fp32, inputs <c>a</c> and <c>b</c>, on all cores.</summary>
internal static class ProductGraph
{
    public const string Output = "product";

    /// <param name="transposed">What of FusedMatMul turns one of them: <c>transA</c> or <c>transB</c>.</param>
    public static TensorGraph Open(string transposed)
    {
        var graph = new OnnxGraph(Output);
        graph.Input("a", TensorProto.Types.DataType.Float, "T", "N");
        graph.Input("b", TensorProto.Types.DataType.Float, "U", "M");
        graph.Node("FusedMatMul", OnnxGraph.Contrib, Output, ["a", "b"], OnnxGraph.Int(transposed, 1));
        graph.OutputOfAnyRank(Output, TensorProto.Types.DataType.Float);
        return TensorGraph.Open(graph.Model().ToByteArray());
    }
}
