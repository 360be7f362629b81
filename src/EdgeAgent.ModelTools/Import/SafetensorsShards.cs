using System.Text.Json;

namespace EdgeAgent.ModelTools.Import;

/// <summary>The weights of a folder: one safetensors file, or the several that an index lists.</summary>
/// <remarks>
/// `model.safetensors.index.json` maps every tensor to its file. All files are opened at once: a header is small, and
/// a missing or cut one is found before anything is written.
/// </remarks>
internal sealed class SafetensorsShards : ITensorSource
{
    public const string SingleFile = "model.safetensors";
    public const string IndexFile = "model.safetensors.index.json";
    private const int MaximumIndexBytes = 16 << 20;
    private const int MaximumShards = 1024;
    private const int MaximumTensors = 65_536;
    private const int NamedShards = 5;

    /// <summary>What models with eyes put before the names of their language half.</summary>
    private static readonly string[] s_prefixes = ["language_model.", "model.language_model."];

    private static readonly string[] s_eyes = ["vision_tower.", "multi_modal_projector."];

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, (SafetensorsFile File, long Elements)> _tensors = new(StringComparer.Ordinal);

    private SafetensorsShards()
    {
    }

    /// <summary>Elements of the language model; eyes are not imported and not counted.</summary>
    public long Elements => _tensors
        .Where(tensor => !s_eyes.Any(part => tensor.Key.Contains(part, StringComparison.Ordinal)))
        .Sum(tensor => tensor.Value.Elements);

    /// <exception cref="ModelToolsException">A file is missing, or it or the index breaks the format.</exception>
    public static SafetensorsShards Open(string folder)
    {
        var index = Path.Combine(folder, IndexFile);
        var single = Path.Combine(folder, SingleFile);
        var shards = new SafetensorsShards();
        try
        {
            if (File.Exists(single) || !File.Exists(index))
            {
                shards.Add(single);
            }
            else
            {
                shards.AddIndexed(folder, ReadIndex(SourceFile.ReadBytes(index, MaximumIndexBytes, IndexFile)));
            }
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    public bool Contains(string name) => Find(name) is not null;

    public float[] Read(string name, params long[] shape)
    {
        var found = FindOrThrow(name);
        return _tensors[found].File.Read(found, shape);
    }

    public void ReadRows(string name, long[] shape, int first, Span<float> rows)
    {
        var found = FindOrThrow(name);
        _tensors[found].File.ReadRows(found, shape, first, rows);
    }

    public void Dispose() => _files.ForEach(file => file.Dispose());

    /// <summary>Tensor to file, as the index says.</summary>
    internal static Dictionary<string, string> ReadIndex(byte[] json)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(json, options);
            foreach (var entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                map.Add(entry.Name, PlainName(entry.Name, entry.Value.GetString() ?? ""));
                if (map.Count > MaximumTensors)
                {
                    throw Invalid(IndexFile, $"weight_map lists more than {MaximumTensors} tensors");
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw Invalid(IndexFile, $"it is not valid: {error.Message}");
        }
        return map.Count > 0 ? map : throw Invalid(IndexFile, "weight_map is empty");
    }

    /// <summary>An index comes from outside: it may name files beside it, and nothing else.</summary>
    private static string PlainName(string tensor, string file) =>
        file.Length is > 0 and <= 255 && file.EndsWith(".safetensors", StringComparison.Ordinal)
            && file.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && file[0] != '.'
            ? file
            : throw Invalid(IndexFile, $"weight_map.{ConfigReader.Shorten(tensor)} is '{ConfigReader.Shorten(file)}'; "
                + "it must be the plain name of a .safetensors file in the same folder");

    private void AddIndexed(string folder, Dictionary<string, string> index)
    {
        var names = index.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        if (names.Length > MaximumShards)
        {
            throw Invalid(IndexFile, $"weight_map names {names.Length} files; the limit is {MaximumShards}");
        }
        var missing = names.Where(name => !File.Exists(Path.Combine(folder, name))).ToArray();
        if (missing.Length > 0)
        {
            var shown = string.Join(", ", missing.Take(NamedShards)) + (missing.Length > NamedShards ? " …" : "");
            throw new ModelToolsException(ModelToolsFault.SourceMissing,
                $"{folder}: {missing.Length} of {names.Length} files that {IndexFile} lists are not there: {shown}. "
                + "Fetch them into the folder, then import again.");
        }
        foreach (var name in names)
        {
            Add(Path.Combine(folder, name));
        }
        foreach (var (tensor, file) in index)
        {
            if (!_tensors.TryGetValue(tensor, out var holder) || holder.File.FileName != file)
            {
                throw Invalid(IndexFile, $"weight_map says that {file} holds '{ConfigReader.Shorten(tensor)}'; "
                    + (holder.File is null ? "no file does" : $"it is in {holder.File.FileName}"));
            }
        }
    }

    private void Add(string path)
    {
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (var entry in file.Entries)
        {
            if (_tensors.Count == MaximumTensors)
            {
                throw Invalid(file.FileName, $"the files up to it hold more than {MaximumTensors} tensors");
            }
            if (!_tensors.TryAdd(entry.Name, (file, entry.Elements)))
            {
                throw Invalid(file.FileName,
                    $"tensor '{ConfigReader.Shorten(entry.Name)}' is in {_tensors[entry.Name].File.FileName} too");
            }
        }
    }

    private string FindOrThrow(string name) => Find(name)
        ?? throw Invalid(_files.Count == 1 ? SingleFile : IndexFile, $"tensor '{name}' is missing");

    private string? Find(string name) => _tensors.ContainsKey(name)
        ? name
        : s_prefixes.Select(prefix => prefix[0] == 'm' && name.StartsWith("model.", StringComparison.Ordinal)
            ? prefix + name["model.".Length..]
            : prefix + name).FirstOrDefault(_tensors.ContainsKey);

    private static ModelToolsException Invalid(string file, string why) =>
        new(ModelToolsFault.SourceInvalid, $"{file}: {why}.");
}
