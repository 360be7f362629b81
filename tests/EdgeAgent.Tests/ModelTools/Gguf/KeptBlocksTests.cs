using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import.Gguf;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.ModelTools.Quantize;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>What GGUF has quantized is kept: the values of types.json come back, out of ONNX Runtime too.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class KeptBlocksTests : IDisposable
{
    private const int Rows = 3;
    private const int Columns = 512;

    /// <summary>The kernel rounds the input to 8 bits.</summary>
    private const float Allowance = 0.01f;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Types =>
    [
        "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS",
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void Kept_blocks_hold_every_value_of_the_reference(string type)
    {
        var (_, expected) = GgufTypesTests.Expected(type);
        var matrix = Kept(type);
        var actual = matrix.Dequantize();
        if (matrix.Remainders is null)
        {
            Assert.Equal(expected, actual);
            return;
        }
        for (var i = 0; i < expected.Length; i++)
        {
            // The minimum went through one sum more in fp32.
            var size = Math.Abs(matrix.Scales[i / matrix.Format.BlockSize]) * 64;
            Assert.InRange(actual[i], expected[i] - (size * 1e-6f), expected[i] + (size * 1e-6f));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ONNX_Runtime_multiplies_by_the_values_of_the_reference(string type)
    {
        var (_, weights) = GgufTypesTests.Expected(type);
        var matrix = Kept(type);
        var x = Input();
        var actual = SmallGraph.Run(_folder.Path, x, [1, 2, Columns], TensorProto.Types.DataType.Float,
            (graph, file) => LinearLayer.Add(graph, graph, file.Append("w", matrix), "x", "y"));
        AssertProducts(x, weights, actual, Rows);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ONNX_Runtime_looks_up_the_values_of_the_reference(string type)
    {
        var (_, weights) = GgufTypesTests.Expected(type);
        var matrix = Kept(type);
        long[] ids = [2, 0, 1, 1];
        var actual = SmallGraph.Run(_folder.Path, ids, [2, 2], TensorProto.Types.DataType.Int64,
            (graph, file) => LinearLayer.AddLookUp(graph, graph, file.Append("w", matrix).AsTable("t"), "x", "y"));
        Assert.Equal(ids.Length * Columns, actual.Length);
        // A remainder is looked up as it is stored, with 8 bits.
        for (var i = 0; i < actual.Length; i++)
        {
            var row = (int)ids[i / Columns];
            var limit = matrix.Remainders is null ? 0 : Largest(matrix, matrix.Remainders, row) / 128;
            var expected = weights[(row * Columns) + (i % Columns)];
            Assert.InRange(actual[i], expected - limit, expected + limit);
        }
    }

    [Fact]
    public void Matrices_of_several_formats_stand_one_below_the_other()
    {
        var (_, first) = GgufTypesTests.Expected("Q4_1");
        var (_, second) = GgufTypesTests.Expected("Q6_K");
        var x = Input();
        var actual = SmallGraph.Run(_folder.Path, x, [1, 2, Columns], TensorProto.Types.DataType.Float,
            (graph, file) => LinearLayer.Add(graph, graph,
                file.Append("a", Kept("Q4_1")) with { Further = file.Append("b", Kept("Q6_K")) }, "x", "y"));
        AssertProducts(x, [.. first, .. second], actual, 2 * Rows);
    }

    [Fact]
    public void A_block_of_one_value_is_that_value()
    {
        var rows = new UnpackedRows(new sbyte[64], [0, 1], [-0.3f, 0.25f]);
        var matrix = Convert(GgufBlockLayout.Of(3)!, rows, 64);
        Assert.All(matrix.Dequantize()[..32], value => Assert.Equal(-0.3f, value));
        Assert.All(matrix.Dequantize()[32..], value => Assert.Equal(0.25f, value));
    }

    public void Dispose() => _folder.Dispose();

    private static QuantizedMatrix Kept(string type)
    {
        using var file = GgufFile.Open(Path.Combine(GgufTypesTests.Folder, "types.gguf"));
        var tensor = file.Header.Tensors[$"{type}.weight"];
        return Convert(tensor.Layout, file.ReadUnpackedRows(tensor, 0, Rows), Columns);
    }

    /// <summary>Some rows after the other, as a large tensor comes.</summary>
    private static QuantizedMatrix Convert(GgufBlockLayout layout, UnpackedRows rows, int inputs)
    {
        var matrix = KeptBlocks.Allocate(layout, rows.Levels.Length / inputs, inputs);
        var groups = inputs / layout.GroupElements;
        for (var row = 0; row < matrix.Outputs; row++)
        {
            KeptBlocks.Convert(layout, new UnpackedRows(rows.Levels[(row * inputs)..((row + 1) * inputs)],
                rows.Scales[(row * groups)..((row + 1) * groups)],
                layout.HasMinimum ? rows.Minimums[(row * groups)..((row + 1) * groups)] : []), matrix, row);
        }
        return matrix;
    }

    private static float[] Input()
    {
        var random = new Random(17);
        return [.. Enumerable.Range(0, 2 * Columns).Select(_ => random.NextSingle() - 0.4f)];
    }

    private static float Largest(QuantizedMatrix matrix, float[] values, int row) =>
        values.AsSpan(row * Columns / matrix.Format.BlockSize, Columns / matrix.Format.BlockSize).ToArray()
            .Max(Math.Abs);

    private static void AssertProducts(float[] x, float[] weights, float[] actual, int rows)
    {
        Assert.Equal(2 * rows, actual.Length);
        for (var i = 0; i < actual.Length; i++)
        {
            var (sum, magnitude) = (0.0, 0.0);
            for (var k = 0; k < Columns; k++)
            {
                var product = (double)x[(i / rows * Columns) + k] * weights[(i % rows * Columns) + k];
                (sum, magnitude) = (sum + product, magnitude + Math.Abs(product));
            }
            Assert.InRange(actual[i], sum - (Allowance * magnitude), sum + (Allowance * magnitude));
        }
    }
}
