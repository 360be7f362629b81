using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>FFN channels are ordered and corrected as the algebra says.</summary>
public sealed class ChannelTests(ITestOutputHelper output)
{
    private const int Channels = 48;
    private const int Outputs = 16;

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    public void A_factored_matrix_multiplies_back_and_solves_its_system(int seed)
    {
        output.WriteLine($"seed {seed}");
        const int Size = 131;
        var matrix = Array.ConvertAll(new Activations(seed, 300, Size).Hessian(), value => (double)value);
        var factor = Triangle(matrix, Size);
        Assert.True(SymmetricSystem.TryFactor(factor));
        double Product(int i, int j) =>
            Enumerable.Range(0, Math.Min(i, j) + 1).Sum(k => factor[i, k] * factor[j, k]);
        for (var i = 0; i < Size; i += 7)
        {
            for (var j = 0; j <= i; j += 5)
            {
                Assert.Equal(matrix[(i * Size) + j], Product(i, j), 1e-6 * matrix[(i * Size) + i]);
            }
        }
        var wanted = Array.ConvertAll(Activations.Weights(seed, 2 * Size), value => (double)value);
        var right = new double[wanted.Length];
        for (var n = 0; n < right.Length; n++)
        {
            var (row, column) = (n / Size * Size, n % Size);
            right[n] = Enumerable.Range(0, Size).Sum(k => wanted[row + k] * matrix[(k * Size) + column]);
        }
        SymmetricSystem.Solve(factor, right);
        Assert.All(right.Zip(wanted), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
    }

    [Fact]
    public void A_matrix_that_is_not_positive_definite_has_no_factor() =>
        Assert.False(SymmetricSystem.TryFactor(Triangle([1, 2, 2, 1], 2)));

    [Theory]
    [InlineData(33)]
    [InlineData(34)]
    public void The_corrected_projection_satisfies_the_normal_equations(int seed)
    {
        output.WriteLine($"seed {seed}");
        const int Width = 32;
        var hessian = new Activations(seed, 300, Channels).Hessian();
        var down = Activations.Weights(seed + 1, Outputs * Channels);
        var solved = CorrectedDown.Solve(hessian, down, Channels, Width);
        var mean = Enumerable.Range(0, Width).Average(i => hessian[(i * Channels) + i]);
        for (var row = 0; row < Outputs; row++)
        {
            for (var column = 0; column < Width; column++)
            {
                // (W − W₁)·(H₁₁ + Λ) = W₂·H₂₁
                double Change(int k) => solved[(row * Width) + k] - down[(row * Channels) + k];
                var firm = (0.3 * hessian[(column * Channels) + column]) + (0.001 * mean);
                var left = (firm * Change(column))
                    + Enumerable.Range(0, Width).Sum(k => Change(k) * hessian[(k * Channels) + column]);
                var right = Enumerable.Range(Width, Channels - Width)
                    .Sum(k => (double)down[(row * Channels) + k] * hessian[(k * Channels) + column]);
                Assert.Equal(right, left, 1e-4 * mean);
            }
        }
    }

    [Fact]
    public void Channels_are_ordered_by_what_they_add_to_the_output()
    {
        // Channel 0 is loud and unheard, 1 quiet and heard, 2 both, 3 neither.
        float[] hessian = [100, 0, 0, 0, 0, 1, 0, 0, 0, 0, 100, 0, 0, 0, 0, 1];
        float[] down = [0.01f, 1, 1, 0.01f];
        Assert.Equal([2, 1, 0, 3], ChannelOrder.Find(hessian, down, 4, least: 1).Channels);
    }

    [Fact]
    public void Channels_that_every_level_keeps_stay_in_their_places() =>
        Assert.Equal([0, 1, 2], ChannelOrder.Find([1, 0, 0, 0, 2, 0, 0, 0, 3], [1, 1, 1], 3, least: 3).Channels);

    [Fact]
    public void A_channel_that_another_stands_in_for_goes_first()
    {
        // Channels 0 and 1 do nearly the same, and each does more than channel 2.
        float[] hessian = [10, 9.9f, 0, 9.9f, 10, 0, 0, 0, 7];
        Assert.Equal([1, 2, 0], ChannelOrder.Find(hessian, [1, 1.01f, 1], 3, least: 2).Channels);
    }

    [Theory]
    [InlineData(35)]
    [InlineData(36)]
    public void Channels_go_in_the_order_of_least_damage_after_correction(int seed)
    {
        output.WriteLine($"seed {seed}");
        var (hessian, down) = (new Activations(seed, 300, Channels).Hessian(),
            Activations.Weights(seed + 1, Outputs * Channels));
        var order = ChannelOrder.Find(hessian, down, Channels, least: Channels - 1).Channels;
        Assert.Equal(Enumerable.Range(0, Channels), order.Order());
        var damages = Enumerable.Range(0, Channels).Select(gone => Remaining(hessian, down, gone)).ToArray();
        Assert.Equal(damages.Min(), damages[order[^1]], 1e-4 * damages.Min());
    }

    [Theory]
    [InlineData(37)]
    [InlineData(38)]
    public void What_is_missed_is_the_error_that_correction_leaves(int seed)
    {
        output.WriteLine($"seed {seed}");
        var (hessian, down) = (new Activations(seed, 300, Channels).Hessian(),
            Activations.Weights(seed + 1, Outputs * Channels));
        var missed = ChannelOrder.Find(hessian, down, Channels, least: Channels / 2).Missed;
        Assert.Equal(0, missed[Channels]);
        Assert.All(Enumerable.Range(Channels / 2, Channels / 2),
            width => Assert.True(missed[width] > missed[width + 1]));
        // The first step takes four channels at once: what they cost together, by definition.
        var order = ChannelOrder.Find(hessian, down, Channels, least: Channels - 4);
        Assert.Equal(Remaining(hessian, down, order.Channels[^4..]), missed[Channels - 4], 1e-4 * missed[Channels - 4]);
    }

    [Fact]
    public void A_layer_gives_the_same_whatever_the_order_of_its_channels()
    {
        using var folder = new TemporaryFolder();
        using var source = new HuggingFaceFolder(TinyModel.Write(folder.File("tiny"), seed: 39));
        var model = source.ReadConfig();
        using var tensors = source.OpenTensors();
        var order = Enumerable.Range(0, TinyModel.Ffn).ToArray();
        new Random(39).Shuffle(order);
        using var ordered = new OrderedChannels(source.OpenTensors(), [order, order]);
        using var rotary = new RotaryTables(model.Rotary, 16);
        var hidden = Activations.Weights(40, 9 * TinyModel.Hidden);
        for (var layer = 0; layer < TinyModel.Layers; layer++)
        {
            var (plain, other) = (Output(tensors, layer), Output(ordered, layer));
            Assert.NotEqual(tensors.Read($"model.layers.{layer}.mlp.up_proj.weight", TinyModel.Ffn, TinyModel.Hidden),
                ordered.Read($"model.layers.{layer}.mlp.up_proj.weight", TinyModel.Ffn, TinyModel.Hidden));
            Assert.All(plain.Zip(other), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        }

        float[] Output(ITensorSource from, int layer)
        {
            var memory = LayerMemory.Read(model, from, layer);
            using var pass = new LayerPass(model, rotary, memory, memory.Weights, layer, TinyModel.Ffn);
            return pass.Run(hidden)[0];
        }
    }

    /// <summary>
    /// What is left of tr(W·(H + Λ)·Wᵀ) of some channels when all others, eliminated one by one, make up for them.
    /// </summary>
    private static double Remaining(float[] hessian, float[] down, params int[] gone)
    {
        var mean = Enumerable.Range(0, Channels).Average(i => hessian[(i * Channels) + i]);
        var left = new double[Channels, Channels];
        for (var i = 0; i < Channels; i++)
        {
            for (var j = 0; j < Channels; j++)
            {
                left[i, j] = hessian[(i * Channels) + j] * (i == j ? 1.3 : 1) + (i == j ? 0.001 * mean : 0);
            }
        }
        foreach (var pivot in Enumerable.Range(0, Channels).Except(gone))
        {
            for (var i = 0; i < Channels; i++)
            {
                var factor = left[i, pivot] / left[pivot, pivot];
                for (var j = 0; j < Channels && i != pivot; j++)
                {
                    left[i, j] -= factor * left[pivot, j];
                }
            }
        }
        return Enumerable.Range(0, Outputs).Sum(row => gone.Sum(i => gone.Sum(j =>
            down[(row * Channels) + i] * left[i, j] * down[(row * Channels) + j])));
    }

    private static LowerTriangle Triangle(double[] matrix, int n)
    {
        var triangle = new LowerTriangle(n);
        for (var i = 0; i < n; i++)
        {
            matrix.AsSpan(i * n, i + 1).CopyTo(triangle.Row(i));
        }
        return triangle;
    }
}
