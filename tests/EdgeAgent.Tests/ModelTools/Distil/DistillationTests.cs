using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Distil;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools.Distil;

/// <summary>Levels learn to answer as the whole model does.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class DistillationTests(ITestOutputHelper output) : IDisposable
{
    private const int Channels = 256;
    private const int Seed = 81;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Training_brings_the_answers_of_a_level_closer_to_the_whole_models()
    {
        output.WriteLine($"seed {Seed}");
        using var source = Source();
        var model = source.ReadConfig();
        using var tensors = source.OpenTensors();
        using var rotary = new RotaryTables(model.Rotary, CalibrationText.Window);
        var random = new Random(Seed);
        int[][] windows = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, 40)
            .Select(_ => random.Next(TinyModel.Vocabulary)).ToArray())];
        float[][] texts = [.. EmbeddedText.Of(model, tensors, windows)];
        using var whole = new ResidualFile(_folder.Path, texts);
        int[][] levels = [[Channels, Channels], [128, 192]];
        var cancel = TestContext.Current.CancellationToken;
        var downs = LevelDowns.Solve(model, tensors, rotary, levels, whole, cancel);
        using var answers = new AnswerGradient(model, tensors);
        var training = new LevelTraining(model, tensors, rotary, levels[1], downs, new HashSet<int> { 0, 1 });

        double[] divergences = [.. Enumerable.Range(0, 20).Select(_ =>
            training.Step(answers, texts, [whole[0], whole[1], whole[2]], rate: 0.01f, cancel))];

        output.WriteLine(string.Join(' ', divergences));
        Assert.InRange(divergences[^1], 0, 0.8 * divergences[0]);
    }

    [Fact]
    public void Levels_that_keep_as_many_channels_share_what_the_first_of_them_learnt()
    {
        output.WriteLine($"seed {Seed}");
        using var source = Source();
        var model = source.ReadConfig();
        using var tensors = source.OpenTensors();
        int[][] windows = [[5, 900, 17, 3000, 4, 4, 77, 1200], [8, 2, 33, 1001, 6, 7, 19, 2222]];
        int[][] one = [[Channels, Channels], [128, 192]], two = [.. one, [128, 128]];

        var (first, both) = (Run(one), Run(two));

        Assert.Equal(first[0, 128], both[0, 128]);
        Assert.Equal(first[1, 192], both[1, 192]);

        LevelDowns Run(int[][] levels) => Distillation.Run(model, tensors, windows, levels, steps: 3, _folder.Path,
            progress: null, TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();

    private HuggingFaceFolder Source()
    {
        var folder = TinyModel.Write(_folder.File("tiny"), Seed);
        TinyModel.WriteWithoutLevels(folder, Seed, Channels);
        return new HuggingFaceFolder(folder);
    }
}
