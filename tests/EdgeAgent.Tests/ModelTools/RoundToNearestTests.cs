using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.ModelTools.Quantize;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Rounded weights stay within half a step, and ONNX Runtime reads them as they are meant.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class RoundToNearestTests(ITestOutputHelper output) : IDisposable
{
    private const int Outputs = 24;
    private const int Inputs = 192;
    private const int Seed = 91;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<int, int, bool> Formats => new()
    {
        { 4, 16, true }, { 4, 32, true }, { 4, 64, true }, { 8, 16, true }, { 8, 32, true }, { 8, 64, true },
        { 4, 16, false }, { 4, 32, false }, { 4, 64, false }, { 8, 16, false }, { 8, 32, false }, { 8, 64, false },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_weight_moves_by_no_more_than_its_block_allows(int bits, int block, bool symmetric)
    {
        var weights = Weights();
        var matrix = RoundToNearest.Quantize(weights, Inputs, new BlockFormat(bits, block, symmetric));
        var rounded = matrix.Dequantize();
        for (var start = 0; start < weights.Length; start += block)
        {
            var values = weights.AsSpan(start, block).ToArray();
            var (low, high) = (Math.Min(0, values.Min()), Math.Max(0, values.Max()));
            var step = symmetric
                ? Math.Max(high, -low) / (1 << (bits - 1))
                : (high - low) / ((1 << bits) - 1);
            // A scale is up to 1/128 larger than need be; Nano's is as much smaller, which costs the outermost levels.
            // The side opposite to the largest value has one level less; asymmetric ends move with the zero point.
            var limit = step * (bits == 4 && block == 32 && symmetric ? 1.13f : 1.01f);
            for (var i = 0; i < block; i++)
            {
                Assert.InRange(rounded[start + i], values[i] - limit, values[i] + limit);
            }
            Assert.Equal(0u, BitConverter.SingleToUInt32Bits(matrix.Scales[start / block]) & 0xFFFF);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void ONNX_Runtime_multiplies_by_the_weights_that_the_levels_stand_for(int bits, int block, bool symmetric)
    {
        var matrix = RoundToNearest.Quantize(Weights(), Inputs, new BlockFormat(bits, block, symmetric));
        var random = new Random(Seed + 1);
        var x = Enumerable.Range(0, 2 * Inputs).Select(_ => random.NextSingle() - 0.5f).ToArray();
        var actual = SmallGraph.Run(_folder.Path, x, [2, Inputs], TensorProto.Types.DataType.Float,
            (graph, file) => LinearLayer.Add(graph, graph, file.Append("w", matrix), "x", "y"));
        var weights = matrix.Dequantize();
        for (var i = 0; i < actual.Length; i++)
        {
            var (row, column) = (i / Outputs, i % Outputs);
            var (sum, magnitude) = (0.0, 0.0);
            for (var k = 0; k < Inputs; k++)
            {
                var product = (double)x[(row * Inputs) + k] * weights[(column * Inputs) + k];
                (sum, magnitude) = (sum + product, magnitude + Math.Abs(product));
            }
            // The kernel rounds the input to 8 bits.
            Assert.InRange(actual[i], sum - (0.01 * magnitude), sum + (0.01 * magnitude));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void ONNX_Runtime_looks_up_the_weights_that_the_levels_stand_for(int bits, int block, bool symmetric)
    {
        var matrix = RoundToNearest.Quantize(Weights(), Inputs, new BlockFormat(bits, block, symmetric));
        long[] ids = [3, 0, Outputs - 1, 3];
        var actual = SmallGraph.Run(_folder.Path, ids, [ids.Length], TensorProto.Types.DataType.Int64,
            (graph, file) => LinearLayer.AddLookUp(graph, graph, file.Append("w", matrix).AsTable("t"), "x", "y"));
        var weights = matrix.Dequantize();
        Assert.Equal(ids.SelectMany(id => weights.AsSpan((int)id * Inputs, Inputs).ToArray()), actual);
    }

    [Fact]
    public void The_first_rows_of_a_stored_matrix_are_its_first_rows_with_their_scales_and_zero_points()
    {
        var matrix = RoundToNearest.Quantize(Weights(), Inputs, new BlockFormat(4, 32, IsSymmetric: false));
        var x = Enumerable.Range(0, Inputs).Select(i => i % 7 / 7f).ToArray();
        float[] Product(long rows) => SmallGraph.Run(_folder.Path, x, [1, Inputs], TensorProto.Types.DataType.Float,
            (graph, file) => LinearLayer.Add(graph, graph, file.Append("w", matrix).FirstOutputs(rows), "x", "y"));
        Assert.Equal(Product(Outputs).Take(8), Product(8));
    }

    [Fact]
    public void A_block_of_zeros_stays_zero()
    {
        foreach (var symmetric in new[] { true, false })
        {
            var zeros = RoundToNearest.Quantize(new float[64], 64, new BlockFormat(8, 32, symmetric));
            Assert.All(zeros.Dequantize(), value => Assert.Equal(0, value));
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Blocks of very different size, some of one sign only.</summary>
    private float[] Weights()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, Outputs * Inputs / 16).SelectMany(_ =>
        {
            var (size, shift) = (MathF.Pow(10, random.Next(-3, 1)), random.Next(3) / 2f);
            return Enumerable.Range(0, 16).Select(_ => (random.NextSingle() - shift) * size).ToArray();
        })];
    }
}
