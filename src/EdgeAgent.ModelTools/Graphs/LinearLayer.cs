using EdgeAgent.Inference.Graphs.Onnx;
using static EdgeAgent.ModelTools.Graphs.OnnxGraph;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>Adds the nodes that multiply by a stored matrix or look its rows up, whatever it is stored as.</summary>
internal static class LinearLayer
{
    /// <summary>input · matrixᵀ; the weights are initializers of <paramref name="outer"/>.</summary>
    public static string Add(OnnxGraph graph, OnnxGraph outer, StoredMatrix matrix, string input, string output) =>
        matrix.Scales is null
            ? graph.Node("FusedMatMul", Contrib, output, [input, outer.External(matrix.Weight)], Int("transB", 1))
            : graph.Node("MatMulNBits", Contrib, output,
                Inputs(matrix, [input, outer.External(matrix.Weight), outer.External(matrix.Scales)], outer),
                Int("K", matrix.Inputs), Int("N", matrix.Outputs), Int("bits", matrix.Bits),
                Int("block_size", matrix.BlockSize), Int("accuracy_level", 4));

    /// <summary>The rows of the table that <paramref name="ids"/> name.</summary>
    public static string AddLookUp(OnnxGraph graph, OnnxGraph outer, StoredMatrix table, string ids, string output) =>
        table.Scales is null
            ? graph.Node("Gather", "", output, [outer.External(table.Weight), ids], Int("axis", 0))
            : graph.Node("GatherBlockQuantized", Contrib, output,
                Inputs(table, [outer.External(table.Weight), ids, outer.External(table.Scales)], outer),
                Int("gather_axis", 0), Int("quantize_axis", 1), Int("bits", table.Bits),
                Int("block_size", table.BlockSize));

    private static string[] Inputs(StoredMatrix matrix, string[] inputs, OnnxGraph outer) =>
        matrix.ZeroPoints is null ? inputs : [.. inputs, outer.External(matrix.ZeroPoints)];
}
