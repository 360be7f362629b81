using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Distil;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools.Distil;

/// <summary>Gradients say how far a loss moves when what it depends on is moved a little.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class GradientTests(ITestOutputHelper output) : IDisposable
{
    private const int Seed = 71;
    private const int Tokens = 12;
    private const float Little = 1e-3f;

    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(Seed);

    [Theory]
    [InlineData("llama", """{"attention_bias":true}""")]
    [InlineData("mistral", """{"sliding_window":5}""")]
    [InlineData("qwen2", "{}")]
    [InlineData("qwen3", "{}")]
    [InlineData("phi3", """{"partial_rotary_factor":0.5,"sliding_window":8}""")]
    [InlineData("gemma3_text", """{"sliding_window":6,"sliding_window_pattern":3,"query_pre_attn_scalar":48}""")]
    [InlineData("smollm3", """{"no_rope_layer_interval":2}""")]
    public void A_layer_of_every_family_takes_a_gradient_back(string family, string changes)
    {
        output.WriteLine($"seed {Seed}");
        using var source = new HuggingFaceFolder(FamilyModel.Write(_folder.File("source"), family, changes, Seed));
        var model = source.ReadConfig();
        using var tensors = source.OpenTensors();
        using var rotary = new RotaryTables(model.Rotary, Tokens);
        for (var layer = 0; layer < model.Layers; layer++)
        {
            var memory = LayerMemory.Read(model, tensors, layer);
            const int Channels = 64;
            var down = Values(model.HiddenSize * Channels);
            var weights = memory.WithDown(Channels, down, model.HiddenSize);
            using var pass = new LayerPass(model, rotary, memory, weights, layer, Channels);
            using var back = new LayerGradient(model, rotary, memory, weights, layer, Channels);
            float[] hidden = Values(Tokens * model.HiddenSize), wanted = Values(hidden.Length);

            var gradients = back.Run(hidden, wanted);

            AssertMoves(gradients.Input, hidden, () => Along(pass.Run(hidden)[0], wanted));
            AssertMoves(gradients.Down, down, () => Along(pass.Run(hidden)[0], wanted));
        }
    }

    [Fact]
    public void The_divergence_from_the_whole_models_answers_is_taken_back_to_the_last_residual()
    {
        output.WriteLine($"seed {Seed}");
        const int Many = 130;
        using var source = new HuggingFaceFolder(FamilyModel.Write(_folder.File("source"), "gemma3_text", "{}", Seed));
        var model = source.ReadConfig();
        using var tensors = source.OpenTensors();
        using var answers = new AnswerGradient(model, tensors);
        float[] whole = Values(Many * model.HiddenSize), other = Values(whole.Length);

        Assert.Equal(0, answers.Run(whole, whole).Divergence, 1e-6);
        Assert.True(answers.Run(whole, other).Divergence > 0.01);
        AssertMoves(answers.Run(whole, other).Gradient, other, () => answers.Run(whole, other).Divergence);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Moves the values to and fro along a line and looks at the loss.</summary>
    private void AssertMoves(float[] gradient, float[] values, Func<double> loss)
    {
        for (var trial = 0; trial < 3; trial++)
        {
            // Half along the gradient, so that rounding does not drown what the loss moves by.
            var size = Math.Sqrt(Along(gradient, gradient) / gradient.Length);
            float[] line = [.. gradient.Select(value => (float)(value / size) + (2 * _random.NextSingle()) - 1)];
            var before = (float[])values.Clone();
            var losses = new[] { Little, -Little }.Select(step =>
            {
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = before[i] + (step * line[i]);
                }
                return loss();
            }).ToArray();
            before.CopyTo(values, 0);
            var moved = (losses[0] - losses[1]) / (2 * Little);
            Assert.Equal(moved, Along(gradient, line), 0.01 * Math.Abs(moved));
        }
    }

    private float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.NextSingle() - 0.5f)];

    private static double Along(float[] left, float[] right) => left.Zip(right, (a, b) => (double)a * b).Sum();
}
