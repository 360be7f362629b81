using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>What is imported computes what the formulas of the model say, for other shapes than Nano's too.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class TinyModelTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void An_imported_model_computes_what_its_formulas_say_at_every_level(int seed, bool tied)
    {
        output.WriteLine($"seed {seed}");
        var source = TinyModel.Write(_folder.File("tiny"), seed, tied);
        TinyModel.Import(new ImportOptions
        {
            Source = source,
            Output = _folder.File("out"),
            Quantization = QuantizationMethod.None,
        });
        using var model = RunningModel.Load(_folder.File("out"));
        var tokens = Enumerable.Range(0, 24).Select(i => (seed + (i * 997)) % TinyModel.Vocabulary).ToArray();
        for (var level = 0; level < model.Engine.LevelCount; level++)
        {
            var channels = model.Package.Manifest.Levels[level].FfnChannels;
            var expected = new PlainModel(source).Logits(tokens, [.. tokens.Select(_ => channels)]);
            model.Engine.Prefill(0, tokens, level);
            Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), expected[^1]), 0, 1e-3f);
        }
    }

    [Fact]
    public void A_manifest_that_does_not_fit_its_graph_is_one_clear_error()
    {
        var source = TinyModel.Write(_folder.File("tiny"), 3);
        var package = _folder.File("out");
        TinyModel.Import(new ImportOptions { Source = source, Output = package });
        var path = Path.Combine(package, EdgeAgent.ModelPackage.PackageManifest.FileName);
        var honest = File.ReadAllText(path);
        (string From, string To)[] lies =
        [
            ("\"cos_input\": \"cos_cache\"", "\"cos_input\": \"other\""),
            ("\"hidden_size\": 32", "\"hidden_size\": 16"),
            ("\"vocabulary_size\": 4096", "\"vocabulary_size\": 8192"),
            ("\"heads\": 1", "\"heads\": 2"),
        ];
        foreach (var (from, to) in lies)
        {
            Assert.Contains(from, honest, StringComparison.Ordinal);
            File.WriteAllText(path, honest.Replace(from, to, StringComparison.Ordinal));
            var error = Assert.Throws<InferenceException>(() =>
                EdgeAgent.Serving.ServedModel.Load(package, new EngineOptions
                {
                    Threads = RunningModel.Threads,
                }));
            Assert.Equal(InferenceFault.GraphFailed, error.Fault);
            Assert.StartsWith("level-0.onnx: ", error.Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();
}
