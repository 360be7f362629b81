using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Where a ladder takes its channels, and by what damage.</summary>
public sealed class WidthLadderTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(6, 1536, 4, new[] { 1536, 1280, 1024, 768 })]
    [InlineData(2, 512, 2, new[] { 512, 256 })]
    [InlineData(2, 128, 4, new[] { 128, 64 })]
    [InlineData(3, 64, 4, new[] { 64 })]
    public void A_ladder_goes_down_to_half_in_equal_steps_of_whole_blocks(
        int layers, int channels, int levels, int[] means)
    {
        var damages = Enumerable.Range(1, layers).Select(layer => Curve(channels, layer)).ToArray();
        var ladder = WidthLadder.Of(channels, levels, damages);
        Assert.Equal(means.Select(mean => mean * layers), ladder.Select(level => level.Sum()));
        Assert.All(ladder.SelectMany(level => level), width => Assert.Equal(0, width % WidthLadder.Unit));
        Assert.All(ladder[0], width => Assert.Equal(channels, width));
        for (var level = 1; level < ladder.Count; level++)
        {
            Assert.All(ladder[level].Zip(ladder[level - 1]), pair => Assert.True(pair.First <= pair.Second));
        }
    }

    [Fact]
    public void The_layer_whose_loss_is_missed_most_keeps_most_and_none_goes_below_the_least()
    {
        const int Channels = 768;
        var ladder = WidthLadder.Of(
            Channels, 2, [Curve(Channels, 4), Curve(Channels, 2), Curve(Channels, 0.01)]);
        Assert.True(ladder[1][0] > ladder[1][1]);
        Assert.True(ladder[1][1] > ladder[1][2]);
        Assert.Equal(WidthLadder.Least(Channels), ladder[1][2]);
    }

    [Fact]
    public void The_damage_of_a_layer_is_how_far_the_answers_of_the_whole_model_move()
    {
        const int Channels = 192, Width = 128, Seed = 61;
        output.WriteLine($"seed {Seed}");
        using var folder = new TemporaryFolder();
        TinyModel.WriteWithoutLevels(TinyModel.Write(folder.File("tiny"), Seed), Seed, Channels);
        using var source = new HuggingFaceFolder(folder.File("tiny"));
        var model = source.ReadConfig();
        using var tensors = source.OpenTensors();
        using var rotary = new RotaryTables(model.Rotary, 16);
        var text = EmbeddedText.Of(model, tensors, [[5, 900, 17, 3000, 4, 4, 77, 1200]]).Single();
        var hessian = new Activations(Seed, 300, Channels).Hessian();
        var survey = new DamageSurvey(model, [text]);
        var orders = new List<ChannelOrder>();
        for (var layer = 0; layer < TinyModel.Layers; layer++)
        {
            var memory = LayerMemory.Read(model, tensors, layer);
            var down = $"layers.{layer}.ffn.down.{Channels}";
            orders.Add(ChannelOrder.Find(hessian, memory[down], Channels, WidthLadder.Least(Channels)));
            using var pass = new LayerPass(model, rotary, memory, memory.Weights, layer, Channels);
            survey.Pass(pass, memory, down, hessian, orders[layer]);
        }
        var damages = survey.Measure(tensors, TestContext.Current.CancellationToken);

        var whole = Probabilities(pruned: -1);
        for (var layer = 0; layer < TinyModel.Layers; layer++)
        {
            var thinned = Probabilities(layer);
            var moved = whole.Zip(thinned).Average(rows => rows.First.Zip(rows.Second)
                .Sum(pair => pair.First * Math.Log(pair.First / pair.Second)));
            Assert.True(moved > 0);
            Assert.Equal(moved, damages[layer] * orders[layer].Missed[Width], 1e-3 * moved);
        }

        // A graph that computes fewer channels, from weights in their order; then the head by its definition.
        double[][] Probabilities(int pruned)
        {
            var hidden = text;
            for (var layer = 0; layer < TinyModel.Layers; layer++)
            {
                using var ordered = new OrderedChannels(
                    source.OpenTensors(), [.. orders.Select(order => order.Channels)]);
                var memory = LayerMemory.Read(model, ordered, layer);
                var (weights, channels) = (memory.Weights, Channels);
                if (layer == pruned)
                {
                    var corrected = CorrectedDown.Solve(Ordered(hessian, orders[layer].Channels),
                        memory[$"layers.{layer}.ffn.down.{Channels}"], Channels, Width);
                    (weights, channels) = (memory.WithDown(Width, corrected, TinyModel.Hidden), Width);
                }
                using var pass = new LayerPass(model, rotary, memory, weights, layer, channels);
                hidden = pass.Run(hidden)[0];
            }
            var gains = tensors.Read("model.norm.weight", TinyModel.Hidden);
            var table = tensors.Read("model.embed_tokens.weight", TinyModel.Vocabulary, TinyModel.Hidden);
            return [.. Enumerable.Range(0, 2).Select(i => (4 * i) + 3).Select(token =>
            {
                var row = hidden[(token * TinyModel.Hidden)..((token + 1) * TinyModel.Hidden)];
                var scale = 1 / Math.Sqrt(row.Average(value => (double)value * value) + 1e-5);
                var logits = Enumerable.Range(0, TinyModel.Vocabulary).Select(id => Enumerable.Range(0, row.Length)
                    .Sum(i => row[i] * scale * gains[i] * table[(id * row.Length) + i])).ToArray();
                var sum = logits.Sum(logit => Math.Exp(logit - logits.Max()));
                return logits.Select(logit => Math.Exp(logit - logits.Max()) / sum).ToArray();
            })];
        }
    }

    private static float[] Ordered(float[] hessian, int[] channels) =>
        [.. channels.SelectMany(row => channels.Select(column => hessian[(row * channels.Length) + column]))];

    /// <summary>A damage that grows with the square of what is gone.</summary>
    private static double[] Curve(int channels, double weight) =>
        [.. Enumerable.Range(0, channels + 1).Select(left => weight * (channels - left) * (channels - left))];
}
