using EdgeAgent.ModelTools.Quantize;
using static EdgeAgent.ModelTools.Graphs.OnnxGraph;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>Adds the nodes that multiply by a stored matrix or look its rows up, whatever it is stored as.</summary>
/// <remarks>Constants and weights become initializers of the outer graph, because branches hold none.</remarks>
internal static class LinearLayer
{
    /// <summary>input · matrixᵀ; the weights are initializers of <paramref name="outer"/>.</summary>
    /// <param name="rank">Dimensions of the input.</param>
    public static string Add(
        OnnxGraph graph, OnnxGraph outer, StoredMatrix matrix, string input, string output, int rank = 3)
    {
        if (matrix.Further is not { } further)
        {
            return AddOne(graph, outer, matrix, input, output, rank);
        }
        var parts = new List<string>();
        for (StoredMatrix? part = matrix; part is not null; part = part.Further)
        {
            parts.Add(AddOne(graph, outer, part, input, $"{output}.{parts.Count}", rank));
        }
        return graph.Node("Concat", "", output, [.. parts], Int("axis", -1));
    }

    /// <summary>The rows of the table that <paramref name="ids"/> name.</summary>
    /// <param name="rank">Dimensions of the ids.</param>
    public static string AddLookUp(
        OnnxGraph graph, OnnxGraph outer, StoredMatrix table, string ids, string output, int rank = 2)
    {
        if (table.Scales is null)
        {
            return graph.Node("Gather", "", output, [outer.External(table.Weight), ids], Int("axis", 0));
        }
        var rows = table.SumColumns > 0 ? $"{output}.wide" : output;
        graph.Node("GatherBlockQuantized", Contrib, rows,
            Inputs(table, [outer.External(table.Weight), ids, outer.External(table.Scales)], outer),
            Int("gather_axis", 0), Int("quantize_axis", 1), Int("bits", table.Bits),
            Int("block_size", table.BlockSize));
        return table.SumColumns > 0 ? AddRemainders(graph, outer, table, rows, output, rank + 1) : output;
    }

    private static string AddOne(
        OnnxGraph graph, OnnxGraph outer, StoredMatrix matrix, string input, string output, int rank) =>
        matrix.Scales is null
            ? graph.Node("FusedMatMul", Contrib, output, [input, outer.External(matrix.Weight)], Int("transB", 1))
            : graph.Node("MatMulNBits", Contrib, output,
                Inputs(matrix,
                    [
                        matrix.SumColumns > 0 ? WithSums(graph, outer, matrix, input, rank) : input,
                        outer.External(matrix.Weight), outer.External(matrix.Scales),
                    ],
                    outer),
                Int("K", matrix.Columns), Int("N", matrix.Outputs), Int("bits", matrix.Bits),
                Int("block_size", matrix.BlockSize), Int("accuracy_level", 4));

    /// <summary>The input with the sums of its blocks behind it, made once for all matrices that read it.</summary>
    private static string WithSums(OnnxGraph graph, OnnxGraph outer, StoredMatrix matrix, string input, int rank)
    {
        var output = $"{input}.with_{matrix.SumColumns}_sums_of_{matrix.BlockSize}";
        if (graph.Makes(output))
        {
            return output;
        }
        var blocks = graph.Node("Reshape", "", $"{output}.blocks",
            [input, Shape(outer, rank, matrix.Inputs / matrix.BlockSize, matrix.BlockSize)]);
        var sums = graph.Node("ReduceSum", "", $"{output}.sums",
            [blocks, outer.Constant("last_axis", [-1], 1)], Int("keepdims", 0));
        return graph.Node("Concat", "", output,
            matrix.SumColumns == 1 ? [input, sums] : [input, sums, Fine(graph, outer, sums)], Int("axis", -1));
    }

    /// <summary>Rows of a table with sum columns: every block plus the remainder that these columns hold.</summary>
    private static string AddRemainders(
        OnnxGraph graph, OnnxGraph outer, StoredMatrix table, string rows, string output, int rank)
    {
        var blocks = table.Inputs / table.BlockSize;
        var filling = (table.Scales!.Shape[^1] * table.BlockSize) - table.Columns;
        string[] parts = [$"{rows}.weights", $"{rows}.remainders", $"{rows}.sixteenths", $"{rows}.filling"];
        long[] sizes = [table.Inputs, blocks, table.SumColumns > 1 ? blocks : 0, filling];
        var present = Enumerable.Range(0, sizes.Length).Where(i => sizes[i] > 0).ToArray();
        graph.Node("Split", "", [.. present.Select(i => parts[i])],
            [rows, outer.Constant($"{rows}.sizes", [.. present.Select(i => sizes[i])], present.Length)],
            Int("axis", -1));
        var added = table.SumColumns == 1
            ? parts[1]
            : graph.Node("Add", "", $"{rows}.all_remainders", [parts[1], Fine(graph, outer, parts[2])]);
        var weights = graph.Node("Reshape", "", $"{rows}.blocks",
            [parts[0], Shape(outer, rank, blocks, table.BlockSize)]);
        var remainders = graph.Node("Reshape", "", $"{rows}.added", [added, Shape(outer, rank, blocks, 1)]);
        var sum = graph.Node("Add", "", $"{rows}.sum", [weights, remainders]);
        return graph.Node("Reshape", "", output, [sum, Shape(outer, rank, table.Inputs)]);
    }

    private static string Fine(OnnxGraph graph, OnnxGraph outer, string values) => graph.Node(
        "Mul", "", $"{values}.fine", [values, outer.Constant("fineness", 1f / MinimumColumns.Fineness)]);

    /// <summary>A shape that keeps the first dimensions (all but the last of a rank) and sets the others.</summary>
    private static string Shape(OnnxGraph outer, int rank, params long[] last)
    {
        long[] shape = [.. Enumerable.Repeat(0L, rank - 1), .. last];
        return outer.Constant($"shape.{string.Join('.', shape)}", shape, shape.Length);
    }

    private static string[] Inputs(StoredMatrix matrix, string[] inputs, OnnxGraph outer) =>
        matrix.ZeroPoints is null ? inputs : [.. inputs, outer.External(matrix.ZeroPoints)];
}
