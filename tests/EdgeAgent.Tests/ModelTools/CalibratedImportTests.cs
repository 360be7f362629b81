using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Calibrated imports: whole, the same every time, with the levels that belong to the model.</summary>
public sealed class CalibratedImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Two_imports_of_one_model_are_the_same_bytes()
    {
        var first = TinyModel.Import(Options("a"));
        var second = TinyModel.Import(Options("b"));
        Assert.Equal(first.Files, second.Files);
        Assert.Empty(PackageFolder.Open(_folder.File("a")).Verify());
        Assert.Equal("auto", first.Quantization.Method);
        Assert.InRange(first.Quantization.BodyBits!.Value, 4.5, 5.5);
    }

    [Fact]
    public void A_model_that_brings_levels_keeps_them() =>
        Assert.Equal([32, 0], TinyModel.Import(Options("a")).Levels[1].FfnChannels);

    [Fact]
    public void A_model_that_brings_no_levels_gets_a_ladder_whose_every_level_runs()
    {
        var options = Options("a") with { Levels = 3 };
        TinyModel.WriteWithoutLevels(options.Source, seed: 52, channels: 2 * TinyModel.Ffn);
        var manifest = TinyModel.Import(options);
        Assert.Equal([[128, 128], [64, 64]], manifest.Levels.Select(level => level.FfnChannels));
        using var package = LoadedPackage.Open(_folder.File("a"));
        using var engine = new InferenceEngine(package, new EngineOptions());
        for (var level = 0; level < engine.LevelCount; level++)
        {
            engine.Extend(0, [5, 6, 7], past: 0, level);
            Assert.All(engine.Logits(0).ToArray(), value => Assert.True(float.IsFinite(value)));
        }
    }

    [Fact]
    public void Distillation_changes_every_level_but_the_first()
    {
        var plain = Options("plain") with { Levels = 3, DistillationSteps = 0 };
        TinyModel.WriteWithoutLevels(plain.Source, seed: 53, channels: 4 * TinyModel.Ffn);
        TinyModel.Import(plain);
        var reached = 0L;
        TinyModel.Import(plain with { Output = _folder.File("trained"), DistillationSteps = 2 }, percent =>
        {
            Assert.True(percent > reached);
            reached = percent;
        });
        Assert.Equal(100, reached);
        using var least = LoadedPackage.Open(plain.Output);
        using var trained = LoadedPackage.Open(_folder.File("trained"));
        Assert.Equal(0, Compare(least, trained, level: 0, window: 32).Divergence, 1e-6);
        for (var level = 1; level < 3; level++)
        {
            Assert.NotEqual(Compare(least, least, level, window: 32).Divergence,
                Compare(least, trained, level, window: 32).Divergence);
        }
    }

    [Fact]
    public void A_base_model_without_a_chat_template_is_calibrated_too()
    {
        var options = Options("a");
        File.WriteAllText(Path.Combine(options.Source, "tokenizer_config.json"), "{}");
        var manifest = TinyModel.Import(options);
        Assert.Equal(("auto", null), (manifest.Quantization.Method, manifest.Chat));
    }

    [Fact]
    public void Without_a_wish_a_model_is_quantized_by_measured_loss_unless_its_own_rounding_is_known()
    {
        var source = Options("a").Source;
        Assert.Equal(QuantizationMethod.Rtn, ModelImport.DefaultQuantization(source).Method);
        File.Delete(Path.Combine(source, "pruning.json"));
        Assert.Equal((QuantizationMethod.Auto, null), ModelImport.DefaultQuantization(source));
        File.Delete(Path.Combine(source, "tokenizer.json"));
        File.Delete(Path.Combine(source, "tokenizer_config.json"));
        var (method, reason) = ModelImport.DefaultQuantization(source);
        Assert.Equal(QuantizationMethod.Rtn, method);
        Assert.Contains("no tokenizer", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_import_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var options = Options("a");
        Assert.Throws<OperationCanceledException>(() => ModelImport.Run(options, percent =>
        {
            if (percent > 8)
            {
                cancel.Cancel();
            }
        }, cancel.Token));
        Assert.Equal(["tiny"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(96, "Levels take 64 channels at a time, which does not divide the FFN's 96; leave out --levels.")]
    [InlineData(100, "Blocks of 32 do not divide the matrices (hidden size 32, FFN 100); use --quant none.")]
    public void Sizes_that_do_not_suit_are_refused_before_text_is_made(int channels, string says)
    {
        var options = Options("a") with { Levels = 3 };
        TinyModel.WriteWithoutLevels(options.Source, seed: 54, channels);
        var error = Assert.Throws<ModelToolsException>(() => ModelImport.Run(options,
            percent => Assert.Fail($"{percent} % were done"), TestContext.Current.CancellationToken));
        Assert.Equal((ModelToolsFault.SourceInvalid, says), (error.Fault, error.Message));
        Assert.False(Directory.Exists(_folder.File("a")));
    }

    [Fact]
    public void An_ffn_that_blocks_of_32_alone_divide_is_calibrated()
    {
        var options = Options("a");
        TinyModel.WriteWithoutLevels(options.Source, seed: 55, channels: 96);
        Assert.Equal([[96, 96]], TinyModel.Import(options).Levels.Select(level => level.FfnChannels));
    }

    [Fact]
    public void A_calibration_text_that_is_too_short_is_refused()
    {
        File.WriteAllText(_folder.File("short.txt"), "Too short.");
        var error = Assert.Throws<ModelToolsException>(
            () => TinyModel.Import(Options("a") with { Calibration = _folder.File("short.txt") }));
        Assert.Equal(ModelToolsFault.CalibrationFailed, error.Fault);
        Assert.Contains("short.txt", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("a")));
    }

    [Fact]
    public void Nano_through_auto_is_as_close_to_fp32_as_its_own_rounding()
    {
        var source = Path.GetDirectoryName(Repository.SharedPath("nano/model.safetensors"))!;
        TinyModel.Import(new ImportOptions
        {
            Source = source,
            Output = _folder.File("fp32"),
            Quantization = QuantizationMethod.None,
        });
        TinyModel.Import(new ImportOptions
        {
            Source = source,
            Output = _folder.File("auto"),
            Quantization = QuantizationMethod.Auto,
        });
        using var fp32 = LoadedPackage.Open(_folder.File("fp32"));
        using var auto = LoadedPackage.Open(_folder.File("auto"));
        using var own = LoadedPackage.Open(NanoPackages.Embedded);
        Assert.Equal(own.Manifest.Levels.Select(level => level.FfnChannels),
            auto.Manifest.Levels.Select(level => level.FfnChannels));
        var (plain, calibrated) = (Compare(fp32, own), Compare(fp32, auto));
        TestContext.Current.TestOutputHelper!.WriteLine($"own rounding {plain}, auto {calibrated}");
        Assert.InRange(calibrated.Divergence, 0, (1.05 * plain.Divergence) + 1e-5);
    }

    public void Dispose() => _folder.Dispose();

    private static LevelComparison Compare(
        LoadedPackage reference, LoadedPackage other, int level = 0, int window = 128)
    {
        var options = new EngineOptions { ChunkTokens = window, LogitRows = window / 2 };
        using var a = new InferenceEngine(reference, options);
        using var b = new InferenceEngine(other, options);
        var tokens = new List<int>();
        reference.Tokenizer.Encode(EdgeAgent.ModelTools.Calibrate.CalibrationPrompts.Text, tokens);
        return PackageComparison.Run(a, b, [.. tokens.Take(512)], window, level,
            TestContext.Current.CancellationToken);
    }

    private ImportOptions Options(string output) => new()
    {
        Source = Directory.Exists(_folder.File("tiny")) ? _folder.File("tiny")
            : TinyModel.Write(_folder.File("tiny"), seed: 51),
        Output = _folder.File(output),
        Quantization = QuantizationMethod.Auto,
    };
}
