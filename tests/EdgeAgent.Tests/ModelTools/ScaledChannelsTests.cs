using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.ModelTools.Quantize;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Scales of channels change nothing in fp32, and let rounding harm less where channels are unequal.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class ScaledChannelsTests(ITestOutputHelper output) : IDisposable
{
    private const int Columns = 128;
    private const int Rows = 24;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [MemberData(nameof(ArchitectureTests.Names), MemberType = typeof(ArchitectureTests))]
    public void A_model_whose_channels_are_scaled_computes_what_the_reference_does(string name)
    {
        output.WriteLine("seed 61");
        var folder = Repository.SharedPath($"models/tiny/{name}");
        using var source = new ScaledSource(new HuggingFaceFolder(folder), new Random(61));
        var model = source.ReadConfig();
        var package = Directory.CreateDirectory(_folder.File("package")).FullName;
        new PackageBuilder(
            new ImportOptions { Source = folder, Output = package, Quantization = QuantizationMethod.None },
            source, model, package, package).Build(progress: null, TestContext.Current.CancellationToken);
        using var running = RunningModel.Load(package);
        ArchitectureTests.AssertAsReference(
            running, ArchitectureTests.ReadReference(Path.Combine(folder, "reference.json")));
    }

    [Theory]
    [MemberData(nameof(ArchitectureTests.Names), MemberType = typeof(ArchitectureTests))]
    public void Every_matrix_and_norm_of_a_layer_is_scaled(string name)
    {
        using var plain = new HuggingFaceFolder(Repository.SharedPath($"models/tiny/{name}"));
        using var scaled = new ScaledSource(plain, new Random(62));
        var model = plain.ReadConfig();
        using var before = plain.OpenTensors();
        using var after = scaled.OpenTensors();
        var (a, b) = (LayerMemory.Read(model, before, 1), LayerMemory.Read(model, after, 1));
        foreach (var part in new[]
        {
            "attention.norm", "attention.qkv", "attention.output", "ffn.norm", "ffn.gate", "ffn.up",
            $"ffn.down.{model.IntermediateSize}",
        })
        {
            Assert.NotEqual(a[$"layers.1.{part}"], b[$"layers.1.{part}"]);
        }
    }

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Where_a_channel_of_each_block_is_loud_scales_let_rounding_harm_less(int seed, bool symmetric)
    {
        output.WriteLine($"seed {seed}");
        var format = new BlockFormat(4, 32, symmetric);
        var activations = new Activations(seed, tokens: 300, Columns);
        for (var i = 5; i < activations.Values.Length; i += 32)
        {
            activations.Values[i] *= 300;
        }
        var (hessian, weights) = (activations.Hessian(), Activations.Weights(seed + 1, Rows * Columns));
        double Error(float[] scales)
        {
            var costs = Enumerable.Range(0, Columns)
                .Select(i => hessian[(i * Columns) + i] / (scales[i] * scales[i])).ToArray();
            var scaled = weights.Select((weight, i) => weight * scales[i % Columns]).ToArray();
            var rounded = SearchedRounding.Quantize(scaled, Columns, costs, format).Dequantize();
            return activations.OutputError(weights, [.. rounded.Select((value, i) => value / scales[i % Columns])]);
        }
        var (plain, better) = (Error([.. Enumerable.Repeat(1f, Columns)]),
            Error(ScaleChoice.Find(hessian, format, weights)));
        output.WriteLine($"plain {plain}, scaled {better}");
        Assert.InRange(better, 0, 0.8 * plain);
    }

    [Fact]
    public void A_text_without_any_activation_leaves_the_scales_at_one() => Assert.All(
        ScaleChoice.Find(new float[Columns * Columns], BlockFormat.Int4, Activations.Weights(66, Rows * Columns)),
        scale => Assert.Equal(1, scale));

    [Fact]
    public void A_model_with_loud_channels_is_closer_to_itself_with_awq_than_rounded_to_nearest()
    {
        const int seed = 67;
        output.WriteLine($"seed {seed}");
        var folder = TinyModel.Write(_folder.File("tiny"), seed);
        TinyModel.WriteWithoutLevels(folder, seed, channels: TinyModel.Ffn, loudness: 30);
        var rounded = Divergence(folder, QuantizationMethod.Rtn);
        var scaled = Divergence(folder, QuantizationMethod.Awq);
        output.WriteLine($"rtn {rounded}, awq {scaled}");
        Assert.InRange(scaled, 0, 0.7 * rounded);
        var manifest = PackageFolder.Open(_folder.File("Awq")).Manifest;
        Assert.Equal(("awq", 4, true), (manifest.Quantization.Method, manifest.Quantization.Bits,
            manifest.Quantization.Symmetric));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>KL divergence from the model in fp32.</summary>
    private double Divergence(string source, QuantizationMethod method)
    {
        foreach (var each in new[] { QuantizationMethod.None, method })
        {
            TinyModel.Import(
                new ImportOptions { Source = source, Output = _folder.File($"{each}"), Quantization = each });
        }
        using var reference = RunningModel.Load(_folder.File($"{QuantizationMethod.None}"));
        using var other = RunningModel.Load(_folder.File($"{method}"));
        var random = new Random(68);
        var tokens = Enumerable.Range(0, 256).Select(_ => random.Next(TinyModel.Vocabulary)).ToArray();
        return PackageComparison.Run(reference.Engine, other.Engine, tokens, window: 64, level: 0,
            TestContext.Current.CancellationToken).Divergence;
    }

    /// <summary>A source whose channels are scaled at random, between a quarter and four.</summary>
    private sealed class ScaledSource(IModelSource source, Random random) : IModelSource
    {
        public string Name => source.Name;

        public string? Licence => source.Licence;

        public bool HasTokenizer => source.HasTokenizer;

        public bool IsQuantized => source.IsQuantized;

        public DecoderConfig ReadConfig() => source.ReadConfig();

        public ITensorSource OpenTensors()
        {
            var model = ReadConfig();
            float[] Scales(int count) =>
                [.. Enumerable.Range(0, count).Select(_ => MathF.Pow(2, (random.NextSingle() * 4) - 2))];
            return new ScaledChannels(model, source.OpenTensors(), [.. model.Attention.Select(_ => new LayerScales(
                Scales(model.HiddenSize), Scales(model.KvHeads * model.HeadDimensions), Scales(model.HiddenSize),
                Scales(model.IntermediateSize)))]);
        }

        public byte[]? ReadTokenizer() => source.ReadTokenizer();

        public SourceChat? ReadChatFormat() => source.ReadChatFormat();

        public IReadOnlyList<IReadOnlyList<int>> ReadLevels(DecoderConfig model) => source.ReadLevels(model);

        public void Dispose() => source.Dispose();
    }
}
