using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>A GGUF file as a model that can become a package: tensors in Hugging Face's names and order.</summary>
internal sealed class GgufModel : IModelSource
{
    /// <summary>Weights that are unpacked at a time: one of them takes several bytes.</summary>
    private const int UnpackedWeights = 8 << 20;

    private const string TemplateKey = "tokenizer.chat_template";

    /// <summary>Files that a large model was cut into (llama.cpp, tools/gguf-split).</summary>
    private const string PartsKey = "split.count";

    private readonly GgufFile _file;
    private readonly GgufArchitecture _architecture;
    private readonly GgufVocabulary _vocabulary;
    private DecoderConfig? _config;
    private byte[]? _tokenizer;

    private GgufModel(GgufFile file)
    {
        _file = file;
        if (Metadata.OptionalWhole(PartsKey, 0, int.MaxValue) is > 1 and var parts)
        {
            throw Metadata.Invalid(PartsKey, $"is {parts}; the limit is 1: join the files with llama-gguf-split");
        }
        _architecture = GgufArchitecture.Of(file.Header.Metadata);
        _vocabulary = GgufVocabulary.Read(file.Header.Metadata);
    }

    /// <summary>The file's name without its ending.</summary>
    public string Name => SourceName.Of(Path.GetFileNameWithoutExtension(_file.Name));

    public string? Licence => SourceLicence.Spdx(
        Metadata.OptionalText("general.license"), Metadata.OptionalText("general.license.name"));

    /// <summary>A file without a vocabulary cannot be opened.</summary>
    public bool HasTokenizer => true;

    public bool IsQuantized => _file.Header.Tensors.Values.Any(tensor => tensor.Layout.IsQuantized);

    private GgufMetadata Metadata => _file.Header.Metadata;

    /// <exception cref="ModelToolsException">The file breaks the format, has no vocabulary, or its architecture is
    /// unknown.</exception>
    public static GgufModel Open(string path) => Of(GgufFile.Open(path));

    /// <summary>Takes over a file.</summary>
    /// <exception cref="ModelToolsException">As <see cref="Open"/>.</exception>
    internal static GgufModel Of(GgufFile file)
    {
        try
        {
            return new GgufModel(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public DecoderConfig ReadConfig() => _config ??= new GgufConfig(_file, _architecture, _vocabulary).Read();

    /// <summary>The tensors of the file, which stays open as long as the model: calibrating reads them twice.</summary>
    public ITensorSource OpenTensors() => new Tensors(this);

    public byte[]? ReadTokenizer() => _tokenizer ??= GgufTokenizer.ToJson(Metadata, _vocabulary);

    public SourceChat? ReadChatFormat() => Metadata.OptionalText(TemplateKey) is { } template
        ? new SourceChat($"{_file.Name}: {TemplateKey}", template, _vocabulary.Text(Metadata, "bos"),
            _vocabulary.Text(Metadata, "eos"))
        : null;

    public IReadOnlyList<IReadOnlyList<int>> ReadLevels(DecoderConfig model) =>
        [Enumerable.Repeat(model.IntermediateSize, model.Layers).ToArray()];

    public void Dispose() => _file.Dispose();

    private float[] Read(string name, long[] shape)
    {
        var tensor = FindOfShape(name, shape);
        var values = new float[tensor.Elements];
        _file.ReadRows(tensor, 0, values);
        return _architecture.IsPaired(tensor.Name) ? InHalves(values, (int)shape[0]) : values;
    }

    private void ReadRows(string name, long[] shape, int first, Span<float> rows)
    {
        var tensor = FindOfShape(name, shape);
        if (_architecture.IsPaired(tensor.Name))
        {
            MatrixParts.CopyRows(Read(name, shape), shape[1], first, rows);
            return;
        }
        _file.ReadRows(tensor, first, rows);
    }

    private QuantizedMatrix? ReadKept(string name, long[] shape)
    {
        var tensor = FindOfShape(name, shape);
        if (!tensor.Layout.IsQuantized || shape.Length != 2)
        {
            return null;
        }
        var (outputs, isPaired) = ((int)tensor.Rows, _architecture.IsPaired(tensor.Name));
        var matrix = KeptBlocks.Allocate(tensor.Layout, outputs, (int)tensor.Columns);
        // Rows in pairs are put in order all at once.
        var step = isPaired ? outputs : (int)Math.Max(1, UnpackedWeights / tensor.Columns);
        for (var first = 0; first < outputs; first += step)
        {
            var rows = _file.ReadUnpackedRows(tensor, first, Math.Min(step, outputs - first));
            KeptBlocks.Convert(tensor.Layout, !isPaired ? rows : new UnpackedRows(InHalves(rows.Levels, outputs),
                InHalves(rows.Scales, outputs), InHalves(rows.Minimums, outputs)), matrix, first);
        }
        return matrix;
    }

    private GgufTensor FindOfShape(string name, long[] shape)
    {
        var tensor = Find(name) ?? throw Metadata.Invalid(
            $"tensor '{_architecture.TensorName(name) ?? name}'", "is missing");
        return tensor.Shape.AsSpan().SequenceEqual(shape)
            ? tensor
            : throw Metadata.Invalid($"tensor '{tensor.Name}'", $"has shape [{string.Join(", ", tensor.Shape)}], "
                + $"the metadata makes it [{string.Join(", ", shape)}]");
    }

    private GgufTensor? Find(string name) => _architecture.TensorName(name) is { } stored
        ? _file.Header.Tensors.GetValueOrDefault(stored)
        : null;

    /// <summary>Turns rows (0, h/2, 1, h/2 + 1, …) of each head of h rows into (0, 1, 2, …).</summary>
    private T[] InHalves<T>(T[] paired, int rows)
    {
        var head = ReadConfig().HeadDimensions;
        var width = paired.Length / rows;
        var halves = new T[paired.Length];
        for (var row = 0; row < rows; row++)
        {
            paired.AsSpan(PairedRow(row, head) * width, width).CopyTo(halves.AsSpan(row * width));
        }
        return halves;
    }

    /// <summary>Where a row of Hugging Face's order lies in the file.</summary>
    private static int PairedRow(int row, int head)
    {
        var within = row % head;
        return row - within + (within % (head / 2) * 2) + (within / (head / 2));
    }

    /// <summary>What a reader of the weights sees and closes; the file stays open.</summary>
    private sealed class Tensors(GgufModel model) : ITensorSource
    {
        public long Elements => model._file.Header.Tensors.Values.Sum(tensor => tensor.Elements);

        public bool Contains(string name) => model.Find(name) is not null;

        public float[] Read(string name, params long[] shape) => model.Read(name, shape);

        public void ReadRows(string name, long[] shape, int first, Span<float> rows) =>
            model.ReadRows(name, shape, first, rows);

        public QuantizedMatrix? ReadKept(string name, params long[] shape) => model.ReadKept(name, shape);

        public void Dispose()
        {
            // The model owns the file.
        }
    }
}
