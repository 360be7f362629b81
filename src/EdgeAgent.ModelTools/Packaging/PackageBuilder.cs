using System.Security.Cryptography;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>Writes every file of one package into a work folder, and the manifest last.</summary>
internal sealed class PackageBuilder(
    ImportOptions options, IModelSource source, DecoderConfig model, string work, string replaced,
    CalibrationPlan? plan = null)
{
    private const string TokenizerFile = PackageManifest.TokenizerFileName;
    private const string TemplateFile = PackageManifest.TemplateFileName;
    private const string OldestRuntime = "1.30.0";
    private const int MaximumCardBytes = 16 << 20;
    private const string UnknownLicence = "LicenseRef-unknown";

    /// <summary>What people wrote for a package; an import over an older package keeps it.</summary>
    public static readonly string[] WrittenByPeople = ["card.md", "licence.txt"];

    private readonly List<PackageFile> _files = [];

    /// <summary>The package that the new one takes the place of, if it can still be read.</summary>
    private readonly PackageManifest? _replaced = ReadReplaced(replaced);

    /// <summary>How matrices are rounded where there is no plan and nothing is kept.</summary>
    public BlockFormat Rounding { get; init; } = BlockFormat.Int4;

    /// <summary>What an operator once said stays; that nobody said anything does not.</summary>
    private string? ReplacedLicence => _replaced?.Licence is { } licence and not UnknownLicence ? licence : null;

    private bool IsQuantized => options.Quantization != QuantizationMethod.None;

    private bool Keeps => options.Quantization == QuantizationMethod.Keep;

    public void Build(Action<long>? progress, CancellationToken cancel)
    {
        var texts = SourceTexts.Read(source, model);
        var levels = plan?.Levels ?? source.ReadLevels(model);
        var (weights, parameters) = WriteWeights(levels, progress, cancel);
        for (var i = 0; i < levels.Count; i++)
        {
            AddFile(GraphName(i), DecoderGraph.Build(model, weights, i, levels[i]).ToByteArray());
        }
        if (texts.Tokenizer is not null)
        {
            AddFile(TokenizerFile, texts.Tokenizer);
        }
        if (texts.Chat is not null)
        {
            AddFile(TemplateFile, texts.TemplateBytes);
        }
        foreach (var path in WrittenByPeople.Select(name => Path.Combine(replaced, name)).Where(File.Exists))
        {
            AddFile(Path.GetFileName(path), SourceFile.ReadBytes(path, MaximumCardBytes, path));
        }
        WriteManifest(work, new PackageManifest
        {
            Format = PackageManifest.CurrentFormat,
            Name = options.Name ?? source.Name,
            Version = options.Version,
            Licence = options.Licence ?? ReplacedLicence ?? source.Licence ?? UnknownLicence,
            Architecture = Architecture(parameters),
            Context = model.Context,
            Quantization = Quantization(weights, levels[0]),
            Chat = texts.Chat is null ? null : new ChatFormat
            {
                Template = TemplateFile,
                BeginToken = texts.Chat.BeginToken,
                EndToken = texts.Chat.EndToken,
            },
            StopTokens = model.StopTokens,
            Kv = Cache(),
            Graphs = levels.Select((_, i) => Graph(i)).ToArray(),
            Levels = WithKnownAccuracies(LevelDescription.Describe(model, weights, levels)),
            Memory = new MemoryNeed
            {
                WeightsBytes = _files[0].SizeBytes,
                KvBytesPerToken = 2L * sizeof(float) * model.Layers * model.KvHeads * model.HeadDimensions,
            },
            Files = _files,
        });
    }

    public static void WriteManifest(string folder, PackageManifest manifest)
    {
        var path = Path.Combine(folder, PackageManifest.FileName);
        File.WriteAllText($"{path}.new", ManifestJson.Write(manifest) + "\n");
        File.Move($"{path}.new", path, overwrite: true);
    }

    private static PackageManifest? ReadReplaced(string path)
    {
        try
        {
            return PackageFolder.Open(path).Manifest;
        }
        catch (PackageException)
        {
            return null;
        }
    }

    private (ModelWeights Weights, long Parameters) WriteWeights(
        IReadOnlyList<IReadOnlyList<int>> levels, Action<long>? progress, CancellationToken cancel)
    {
        using var tensors = plan is null ? source.OpenTensors()
            : new OrderedChannels(Scaled(source.OpenTensors(), plan), plan.Orders);
        var quantizer = plan is not null ? new CalibratedQuantizer(model, tensors, plan, work, cancel)
            : IsQuantized ? new RoundingQuantizer(Keeps ? BlockFormat.Int8 : Rounding) : (IMatrixQuantizer?)null;
        using var calibrated = quantizer as IDisposable;
        using var output = File.Create(Path.Combine(work, WeightsFile.FileName));
        using var data = new WeightsFile(output);
        var total = WeightsWriter.Total(model, tensors, levels);
        var weights = new WeightsWriter(model, tensors, data, quantizer, written =>
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Invoke(100 * written / total);
        })
        {
            Kept = Keeps ? new KeptMatrices(tensors) : null,
        }.Write(levels);
        _files.Add(new PackageFile
        {
            Name = WeightsFile.FileName,
            SizeBytes = data.SizeBytes,
            Sha256 = Convert.ToHexStringLower(data.Finish()),
        });
        return (weights, tensors.Elements);
    }

    private ITensorSource Scaled(ITensorSource tensors, CalibrationPlan plan) =>
        plan.Scales is null ? tensors : new ScaledChannels(model, tensors, plan.Scales);

    private void AddFile(string name, byte[] content)
    {
        File.WriteAllBytes(Path.Combine(work, name), content);
        _files.Add(new PackageFile
        {
            Name = name,
            SizeBytes = content.Length,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)),
        });
    }

    /// <summary>What was measured on the very same weights and graph is still true.</summary>
    private PruningLevel[] WithKnownAccuracies(PruningLevel[] levels)
    {
        bool IsUnchanged(string file) => _replaced!.Files.Any(old =>
            old.Name == file && _files.Any(made => made.Name == file && made.Sha256 == old.Sha256));
        return _replaced is null || !IsUnchanged(WeightsFile.FileName) || !IsUnchanged(TokenizerFile)
            ? levels
            : levels.Select(level => level.Level < _replaced.Levels.Count && IsUnchanged(GraphName(level.Level))
                ? level with
                {
                    Accuracy = _replaced.Levels[level.Level].Accuracy,
                    Perplexity = _replaced.Levels[level.Level].Perplexity,
                }
                : level).ToArray();
    }

    private ModelArchitecture Architecture(long parameters) => new()
    {
        Family = model.Family,
        Layers = model.Layers,
        HiddenSize = model.HiddenSize,
        IntermediateSize = model.IntermediateSize,
        AttentionHeads = model.Heads,
        VocabularySize = model.VocabularySize,
        Parameters = parameters,
        Rotary = model.Rotary,
    };

    /// <summary>What the largest part of the body is stored as.</summary>
    private Quantization Quantization(ModelWeights weights, IReadOnlyList<int> channels)
    {
        var body = weights.Layers[0].Up;
        return new Quantization
        {
            Method = options.Quantization.ToString().ToLowerInvariant(),
            Bits = IsQuantized ? body.Bits : 32,
            BlockSize = IsQuantized ? body.BlockSize : 0,
            Symmetric = plan?.Formats.Values.All(format => format.IsSymmetric) ?? body.ZeroPoints is null,
            BodyBits = plan is null ? null : Math.Round(LevelDescription.BodyBits(weights, channels), 3),
        };
    }

    private KvLayout Cache() => new()
    {
        Type = "float32",
        Layers = model.Attention.Select(layer => new KvLayer
        {
            Heads = model.KvHeads,
            Dimensions = model.HeadDimensions,
            Window = layer.Window,
        }).ToArray(),
    };

    private static GraphFile Graph(int level) => new()
    {
        File = GraphName(level),
        Level = level,
        Provider = "cpu",
        Type = "float32",
        MinimumRuntime = OldestRuntime,
    };

    private static string GraphName(int level) => $"level-{level}.onnx";
}
