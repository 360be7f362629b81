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
        var factor = (double[])matrix.Clone();
        Assert.True(SymmetricSystem.TryFactor(factor, Size));
        double Product(int i, int j) =>
            Enumerable.Range(0, Math.Min(i, j) + 1).Sum(k => factor[(i * Size) + k] * factor[(j * Size) + k]);
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
        SymmetricSystem.Solve(factor, Size, right);
        Assert.All(right.Zip(wanted), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
    }

    [Fact]
    public void A_matrix_that_is_not_positive_definite_has_no_factor() =>
        Assert.False(SymmetricSystem.TryFactor([1, 2, 2, 1], 2));

    [Theory]
    [InlineData(33)]
    [InlineData(34)]
    public void The_corrected_projection_satisfies_the_normal_equations(int seed)
    {
        output.WriteLine($"seed {seed}");
        var hessian = new Activations(seed, 300, Channels).Hessian();
        var cross = Activations.Weights(seed + 1, Outputs * Channels);
        var before = Activations.Weights(seed + 2, Outputs * Channels);
        var solved = CorrectedDown.Solve(hessian, cross, before, Channels);
        var mean = Enumerable.Range(0, Channels).Average(i => hessian[(i * Channels) + i]);
        for (var row = 0; row < Outputs; row++)
        {
            for (var column = 0; column < Channels; column++)
            {
                var at = (row * Channels) + column;
                var lambda = hessian[(column * Channels) + column] + (0.001 * mean);
                var left = (lambda * solved[at]) + Enumerable.Range(0, Channels).Sum(k =>
                    (double)solved[(row * Channels) + k] * hessian[(k * Channels) + column]);
                Assert.Equal(cross[at] + (lambda * before[at]), left, 1e-3 * (1 + lambda));
            }
        }
    }

    [Fact]
    public void Channels_are_ordered_by_what_they_add_to_the_output()
    {
        // Channel 0 is loud and unheard, 1 quiet and heard, 2 both, 3 neither.
        float[] hessian = [100, 0, 0, 0, 0, 1, 0, 0, 0, 0, 100, 0, 0, 0, 0, 1];
        float[] down = [0.01f, 1, 1, 0.01f];
        Assert.Equal([2, 1, 0, 3], ChannelDamage.Order(hessian, down, 4));
    }

    [Theory]
    [InlineData(35)]
    [InlineData(36)]
    public void The_damage_of_a_width_is_what_least_squares_leaves(int seed)
    {
        output.WriteLine($"seed {seed}");
        var activations = new Activations(seed, 300, Channels);
        var (hessian, down) = (activations.Hessian(), Activations.Weights(seed + 1, Outputs * Channels));
        var order = ChannelDamage.Order(hessian, down, Channels);
        Assert.Equal(Enumerable.Range(0, Channels), order.Order());
        var curve = ChannelDamage.Curve(hessian, down, order);
        Assert.Equal(0, curve[Channels]);
        Assert.Equal(curve.OrderDescending(), curve);
        foreach (var width in new[] { 8, 24, 40 })
        {
            var left = Remaining(hessian, down, order, width);
            output.WriteLine($"{width} channels: {curve[width]}, by elimination {left}");
            Assert.Equal(left, curve[width], 1e-4 * left);
        }
    }

    [Theory]
    [InlineData(37)]
    [InlineData(38)]
    public void Levels_are_nested_and_take_channels_where_they_are_missed_least(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        double Damage(int layer, int width) =>
            (layer + 1) * Math.Pow(512 - width, 2) * (1 + (0.1 * random.NextDouble()));
        var damages = Enumerable.Range(0, 6).Select(layer => Enumerable.Range(0, 513)
            .Select(width => Damage(layer, width)).ToArray()).ToList();
        var ladder = WidthLadder.Spread(damages, levels: 4);
        Assert.Equal(4, ladder.Count);
        Assert.All(ladder[0], width => Assert.Equal(512, width));
        for (var level = 1; level < 4; level++)
        {
            Assert.All(ladder[level], width => Assert.Equal(0, width % 64));
            Assert.All(ladder[level].Zip(ladder[level - 1]), pair => Assert.True(pair.First <= pair.Second));
            Assert.Equal(1 - (level / 6.0), ladder[level].Sum() / (6.0 * 512), 0.011);
        }
        Assert.True(ladder[3][0] < ladder[3][5], "the layer that loses least keeps fewest");
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
    /// Gaussian elimination of the kept channels, one by one: what is left of tr(W·H·Wᵀ), what channels share halved.
    /// </summary>
    private static double Remaining(float[] hessian, float[] down, int[] order, int width)
    {
        var damping = 0.001 * Enumerable.Range(0, Channels).Average(i => hessian[(i * Channels) + i]);
        var left = new double[Channels, Channels];
        for (var i = 0; i < Channels; i++)
        {
            for (var j = 0; j < Channels; j++)
            {
                left[i, j] = i == j ? hessian[(i * Channels) + j] + damping : hessian[(i * Channels) + j] / 2;
            }
        }
        foreach (var pivot in order.Take(width))
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
        var gone = order.Skip(width).ToArray();
        return Enumerable.Range(0, Outputs).Sum(row => gone.Sum(i => gone.Sum(j =>
            down[(row * Channels) + i] * left[i, j] * down[(row * Channels) + j])));
    }
}
