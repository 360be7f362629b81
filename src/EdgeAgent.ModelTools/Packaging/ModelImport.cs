using System.Security.Cryptography;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>Turns a Hugging Face folder into a model package, beside its place and then moved there whole.</summary>
public static class ModelImport
{
    private const string TokenizerFile = "tokenizer.json";
    private const string TemplateFile = "chat_template.jinja";

    /// <summary>What people wrote for a package; an import over an older package keeps it.</summary>
    private static readonly string[] WrittenByPeople = ["card.md", "licence.txt"];

    /// <summary>Imports and returns the manifest; on any failure the output folder is as it was.</summary>
    /// <exception cref="ModelToolsException">The source cannot become a package, or the output is something else.</exception>
    public static PackageManifest Run(
        ImportOptions options, IProgress<ImportProgress>? progress = null, CancellationToken cancel = default)
    {
        var source = new HuggingFaceFolder(options.Source);
        var model = source.ReadConfig();
        CheckOutput(options.Output);
        var work = $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output))}.partial-{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(work);
            var manifest = Write(options, source, model, work, progress, cancel);
            progress?.Report(new ImportProgress("done", 1, 1));
            Replace(work, Path.GetFullPath(options.Output));
            return manifest;
        }
        finally
        {
            if (Directory.Exists(work))
            {
                Directory.Delete(work, recursive: true);
            }
        }
    }

    /// <summary>Writes measured accuracies into a package's manifest.</summary>
    /// <param name="accuracies">One for each level, in order.</param>
    public static PackageManifest RecordAccuracies(string package, IReadOnlyList<double> accuracies)
    {
        var manifest = PackageFolder.Open(package).Manifest;
        manifest = manifest with
        {
            Levels = manifest.Levels.Select((level, i) => level with { Accuracy = accuracies[i] }).ToArray(),
        };
        WriteManifest(package, manifest);
        return manifest;
    }

    private static PackageManifest Write(
        ImportOptions options, HuggingFaceFolder source, LlamaConfig model, string work,
        IProgress<ImportProgress>? progress, CancellationToken cancel)
    {
        var quantized = options.Quantization == QuantizationMethod.Rtn;
        var levels = source.ReadLevels(model);
        var files = new List<PackageFile>();
        ModelWeights weights;
        long parameters;
        using (var tensors = SafetensorsFile.Open(source.File("model.safetensors")))
        using (var output = File.Create(Path.Combine(work, WeightsFile.FileName)))
        using (var data = new WeightsFile(output))
        {
            parameters = tensors.Entries.Sum(e => e.Elements);
            var total = quantized ? parameters * 5 / 8 : parameters * sizeof(float);
            weights = new WeightsWriter(model, tensors, data, quantized, done =>
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new ImportProgress("weights", Math.Min(done, total), total));
            }).Write(levels);
            files.Add(new PackageFile
            {
                Name = WeightsFile.FileName,
                SizeBytes = data.SizeBytes,
                Sha256 = Convert.ToHexStringLower(data.Finish()),
            });
        }
        for (var i = 0; i < levels.Count; i++)
        {
            files.Add(WriteFile(work, GraphName(i), LlamaGraph.Build(model, weights, i, levels[i]).ToByteArray()));
        }
        var chat = source.ReadChatFormat();
        files.Add(WriteFile(work, TokenizerFile, ReadSource(source, TokenizerFile)));
        files.Add(WriteFile(work, TemplateFile, System.Text.Encoding.UTF8.GetBytes(chat.Template)));
        files.AddRange(WrittenByPeople.Select(name => Path.Combine(options.Output, name)).Where(File.Exists)
            .Select(path => WriteFile(work, Path.GetFileName(path), File.ReadAllBytes(path))));
        var manifest = new PackageManifest
        {
            Format = PackageManifest.CurrentFormat,
            Name = options.Name ?? source.Name,
            Version = options.Version,
            Licence = options.Licence,
            Architecture = Describe(model, parameters),
            Context = model.Context,
            Quantization = new Quantization
            {
                Method = quantized ? "rtn" : "none",
                Bits = quantized ? 4 : 32,
                BlockSize = quantized ? SymmetricInt4.BlockSize : 0,
                Symmetric = true,
            },
            Chat = new ChatFormat { Template = TemplateFile, BeginToken = chat.Begin, EndToken = chat.End },
            StopTokens = model.StopTokens,
            Kv = new KvLayout
            {
                Type = "float32",
                Layers = Enumerable.Repeat(
                    new KvLayer { Heads = model.KvHeads, Dimensions = model.HeadDimensions }, model.Layers).ToArray(),
            },
            Graphs = levels.Select((_, i) => new GraphFile
            {
                File = GraphName(i),
                Level = i,
                Provider = "cpu",
                Type = "float32",
                MinimumRuntime = "1.30.0",
            }).ToArray(),
            Levels = LevelDescription.Describe(model, weights, levels),
            Memory = new MemoryNeed
            {
                WeightsBytes = files[0].SizeBytes,
                KvBytesPerToken = 2L * sizeof(float) * model.Layers * model.KvHeads * model.HeadDimensions,
            },
            Files = files,
        };
        WriteManifest(work, manifest);
        // What we wrote must be what we would accept: names and sizes came from outside.
        return PackageFolder.Open(work).Manifest;
    }

    private static ModelArchitecture Describe(LlamaConfig model, long parameters) => new()
    {
        Family = model.Family,
        Layers = model.Layers,
        HiddenSize = model.HiddenSize,
        IntermediateSize = model.IntermediateSize,
        AttentionHeads = model.Heads,
        VocabularySize = model.VocabularySize,
        Parameters = parameters,
        Rotary =
        [
            new RotaryTable
            {
                CosInput = "cos_cache",
                SinInput = "sin_cache",
                Dimensions = model.HeadDimensions,
                Base = model.RotaryBase,
            },
        ],
    };

    private static string GraphName(int level) => $"level-{level}.onnx";

    private static byte[] ReadSource(HuggingFaceFolder source, string name) => File.Exists(source.File(name))
        ? File.ReadAllBytes(source.File(name))
        : throw new ModelToolsException(ModelToolsFault.SourceMissing, $"{source.File(name)} is not there.");

    private static PackageFile WriteFile(string folder, string name, byte[] content)
    {
        File.WriteAllBytes(Path.Combine(folder, name), content);
        return new PackageFile
        {
            Name = name,
            SizeBytes = content.Length,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)),
        };
    }

    private static void WriteManifest(string folder, PackageManifest manifest)
    {
        var path = Path.Combine(folder, PackageManifest.FileName);
        File.WriteAllText($"{path}.new", ManifestJson.Write(manifest) + "\n");
        File.Move($"{path}.new", path, overwrite: true);
    }

    private static void CheckOutput(string output)
    {
        var taken = File.Exists(output)
            || (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()
                && !File.Exists(Path.Combine(output, PackageManifest.FileName)));
        if (taken)
        {
            throw new ModelToolsException(ModelToolsFault.OutputExists,
                $"{output} exists and is not a model package. Name a new folder, or empty this one first.");
        }
    }

    private static void Replace(string work, string output)
    {
        var old = $"{work}.old";
        if (Directory.Exists(output))
        {
            Directory.Move(output, old);
        }
        Directory.Move(work, output);
        if (Directory.Exists(old))
        {
            Directory.Delete(old, recursive: true);
        }
    }
}
