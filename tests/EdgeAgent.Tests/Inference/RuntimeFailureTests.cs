using EdgeAgent.Inference;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using Google.Protobuf;

namespace EdgeAgent.Tests.Inference;

/// <summary>What ONNX Runtime says in words becomes a fault that a program can act on.</summary>
public sealed class RuntimeFailureTests
{
    [Theory]
    [InlineData(1L << 45, InferenceFault.OutOfMemory)]
    [InlineData(-1, InferenceFault.GraphFailed)]
    public void Memory_that_is_not_to_be_had_is_told_from_a_graph_that_fails(long elements, InferenceFault fault)
    {
        var graph = new OnnxGraph("large");
        graph.Input("shape", TensorProto.Types.DataType.Int64, 1);
        graph.Node("ConstantOfShape", "", "zeros", ["shape"]);
        graph.Output("zeros", TensorProto.Types.DataType.Float, "n");
        using var runnable = TensorGraph.Open(graph.Model().ToByteArray());
        using var shape = GraphInput.Of("shape", new long[] { elements }.AsMemory(), 1);
        var error = Assert.Throws<InferenceException>(() => runnable.Run([shape], ["zeros"]));
        Assert.Equal(fault, error.Fault);
    }
}
