using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Quantizing on activations loses less on them than rounding does.</summary>
public sealed class GptqTests(ITestOutputHelper output)
{
    private const int Channels = 128;
    private const int Rows = 24;

    public static TheoryData<int, int, int, bool> Formats => new()
    {
        { 11, 4, 32, true }, { 12, 4, 32, false }, { 13, 4, 64, true }, { 14, 4, 64, false }, { 15, 8, 32, true },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void What_the_matrix_gives_is_less_wrong_than_with_rounding(int seed, int bits, int block, bool symmetric)
    {
        output.WriteLine($"seed {seed}");
        var (activations, weights, format) = Problem(seed, bits, block, symmetric);
        var rounded = RoundToNearest.Quantize(weights, Channels, format).Dequantize();
        var quantized = Gptq.Quantize(
            weights, Rows, ErrorFeedback.Of(activations.Hessian(), Channels), format).Matrix.Dequantize();
        var (before, after) =
            (activations.OutputError(weights, rounded), activations.OutputError(weights, quantized));
        output.WriteLine($"rounded {before}, GPTQ {after}");
        Assert.InRange(after, 0, 0.7 * before);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Searched_scales_round_with_less_error_than_the_largest_value_gives(
        int seed, int bits, int block, bool symmetric)
    {
        output.WriteLine($"seed {seed}");
        var (_, weights, format) = Problem(seed, bits, block, symmetric);
        double Error(QuantizedMatrix matrix) =>
            weights.Zip(matrix.Dequantize(), (weight, value) => Math.Pow(weight - value, 2)).Sum();
        Assert.InRange(Error(SearchedRounding.Quantize(weights, Channels, null, format)), 0,
            Error(RoundToNearest.Quantize(weights, Channels, format)));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_weight_is_a_level_of_its_block_and_every_scale_a_bfloat16(
        int seed, int bits, int block, bool symmetric)
    {
        output.WriteLine($"seed {seed}");
        var (activations, weights, format) = Problem(seed, bits, block, symmetric);
        var matrix = Gptq.Quantize(weights, Rows, ErrorFeedback.Of(activations.Hessian(), Channels), format).Matrix;
        Assert.All(matrix.Scales, scale => Assert.Equal(0u, BitConverter.SingleToUInt32Bits(scale) & 0xFFFF));
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Channels; column++)
            {
                Assert.InRange(matrix.LevelAt(row, column), 0, (1 << bits) - 1);
            }
        }
    }

    [Fact]
    public void A_matrix_that_is_rounded_already_stays_as_it_is()
    {
        var (activations, weights, format) = Problem(16, 4, 32, symmetric: true);
        var rounded = RoundToNearest.Quantize(weights, Channels, format).Dequantize();
        var again = Gptq.Quantize(rounded, Rows, ErrorFeedback.Of(activations.Hessian(), Channels), format);
        Assert.Equal(rounded, again.Matrix.Dequantize());
        Assert.Equal(0, again.Loss);
    }

    [Fact]
    public void A_channel_that_is_always_zero_and_text_without_any_activation_are_no_obstacle()
    {
        var weights = Activations.Weights(17, Rows * Channels);
        var matrix = Gptq.Quantize(
            weights, Rows, ErrorFeedback.Of(new float[Channels * Channels], Channels), BlockFormat.Int4).Matrix;
        Assert.All(matrix.Dequantize(), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Activations_that_are_no_numbers_are_refused()
    {
        var hessian = Enumerable.Repeat(float.NaN, Channels * Channels).ToArray();
        Assert.Equal(EdgeAgent.ModelTools.ModelToolsFault.CalibrationFailed,
            Assert.Throws<EdgeAgent.ModelTools.ModelToolsException>(() => ErrorFeedback.Of(hessian, Channels)).Fault);
    }

    private static (Activations Activations, float[] Weights, BlockFormat Format) Problem(
        int seed, int bits, int block, bool symmetric) =>
        (new Activations(seed, tokens: 400, Channels), Activations.Weights(seed + 100, Rows * Channels),
            new BlockFormat(bits, block, symmetric));
}
