using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace EdgeAgent.ModelTools.Import;

/// <summary>A tensor within a safetensors file: where it lies and what it holds.</summary>
internal sealed record SafetensorsEntry(string Name, string Type, long[] Shape, long Begin, long End)
{
    public long Elements => (End - Begin) / SafetensorsFile.SizeOf(Type);
}

/// <summary>Reads tensors of a safetensors file as floats, one at a time.</summary>
/// <remarks>
/// Format: 8 bytes little-endian header length, a JSON header, then the tensors without holes
/// (huggingface/safetensors README). Limits from shared/reference, S22.
/// </remarks>
internal sealed class SafetensorsFile : IDisposable
{
    private const long MaximumHeaderBytes = 16 << 20;
    private const int MaximumTensors = 65_536;
    private const int MaximumDimensions = 8;
    private const int MaximumNameLength = 512;
    private const int ReadChunkElements = 1 << 16;

    private readonly FileStream _stream;
    private readonly long _tensorsStart;
    private readonly Dictionary<string, SafetensorsEntry> _entries;

    private SafetensorsFile(FileStream stream, long tensorsStart, Dictionary<string, SafetensorsEntry> entries) =>
        (_stream, _tensorsStart, _entries) = (stream, tensorsStart, entries);

    public IReadOnlyCollection<SafetensorsEntry> Entries => _entries.Values;

    /// <exception cref="ModelToolsException">The file is missing or breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelToolsException(ModelToolsFault.SourceMissing, $"{path} is not there.");
        }
        var stream = SourceFile.Open(path, Path.GetFileName(path));
        try
        {
            var header = ReadHeader(stream);
            var start = sizeof(ulong) + header.Length;
            return new SafetensorsFile(stream, start, ReadEntries(path, header, stream.Length - start));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public string FileName => Path.GetFileName(_stream.Name);

    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Reads a whole tensor, row-major, and checks its shape.</summary>
    /// <exception cref="ModelToolsException">No such tensor, or another shape.</exception>
    public float[] Read(string name, params long[] shape)
    {
        var entry = FindOfShape(name, shape);
        var values = new float[entry.Elements];
        Read(entry, 0, values);
        return values;
    }

    /// <summary>Reads some rows of a matrix, and checks the shape of the whole.</summary>
    /// <param name="rows">[count, columns]</param>
    /// <exception cref="ModelToolsException">No such tensor, or another shape.</exception>
    public void ReadRows(string name, long[] shape, int first, Span<float> rows) =>
        Read(FindOfShape(name, shape), first * shape[1], rows);

    public void Dispose() => _stream.Dispose();

    internal static int SizeOf(string type) => type == "F32" ? sizeof(float) : sizeof(ushort);

    private SafetensorsEntry FindOfShape(string name, long[] shape)
    {
        var entry = _entries.GetValueOrDefault(name) ?? throw Invalid(_stream.Name, $"tensor '{name}' is missing");
        if (!entry.Shape.AsSpan().SequenceEqual(shape))
        {
            throw Invalid(_stream.Name, $"tensor '{name}' has shape [{string.Join(", ", entry.Shape)}], "
                + $"config.json makes it [{string.Join(", ", shape)}]");
        }
        return entry;
    }

    private void Read(SafetensorsEntry entry, long first, Span<float> values)
    {
        _stream.Position = _tensorsStart + entry.Begin + (first * SizeOf(entry.Type));
        var chunk = new byte[Math.Min(ReadChunkElements, values.Length) * SizeOf(entry.Type)];
        for (var done = 0; done < values.Length; done += ReadChunkElements)
        {
            var part = values.Slice(done, Math.Min(ReadChunkElements, values.Length - done));
            var bytes = chunk.AsSpan(0, part.Length * SizeOf(entry.Type));
            _stream.ReadExactly(bytes);
            Widen(entry.Type, bytes, part);
        }
    }

    private static void Widen(string type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        switch (type)
        {
            case "F32":
                bytes.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case "F16":
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            default:
                var halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                }
                break;
        }
    }

    private static byte[] ReadHeader(FileStream stream)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            throw Invalid(stream.Name, "it is shorter than 8 bytes");
        }
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaximumHeaderBytes || (long)length > stream.Length - prefix.Length)
        {
            throw Invalid(stream.Name, $"its header claims {length} bytes; the file has "
                + $"{stream.Length - prefix.Length} left and the limit is {MaximumHeaderBytes}");
        }
        var header = new byte[length];
        stream.ReadExactly(header);
        return header;
    }

    /// <param name="tensorBytes">What the file holds after its header.</param>
    internal static Dictionary<string, SafetensorsEntry> ReadEntries(string path, byte[] header, long tensorBytes)
    {
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        var place = "";
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(header, options);
            foreach (var property in document.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
            {
                place = $" at tensor '{ConfigReader.Shorten(property.Name)}'";
                var entry = ReadEntry(path, property);
                entries.Add(entry.Name, entry);
                if (entries.Count > MaximumTensors)
                {
                    throw Invalid(path, $"it lists more than {MaximumTensors} tensors");
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException
            or KeyNotFoundException)
        {
            throw Invalid(path, $"its header is not valid{place}: {error.Message.TrimEnd('.')}");
        }
        CheckContiguous(path, entries.Values, tensorBytes);
        return entries;
    }

    private static SafetensorsEntry ReadEntry(string path, JsonProperty property)
    {
        var name = property.Name;
        var type = property.Value.GetProperty("dtype").GetString();
        var (dimensions, places) = (property.Value.GetProperty("shape"), property.Value.GetProperty("data_offsets"));
        if (name.Length > MaximumNameLength || dimensions.GetArrayLength() > MaximumDimensions
            || places.GetArrayLength() != 2)
        {
            throw Invalid(path, $"tensor '{name[..Math.Min(name.Length, 64)]}' has too long a name, "
                + $"more than {MaximumDimensions} dimensions, or not two offsets");
        }
        var shape = dimensions.EnumerateArray().Select(d => d.GetInt64()).ToArray();
        var offsets = places.EnumerateArray().Select(d => d.GetInt64()).ToArray();
        if (type is not ("F32" or "F16" or "BF16"))
        {
            throw Invalid(path,
                $"tensor '{name}' has type {ConfigReader.Shorten(type ?? "null")}; known are F32, F16, BF16");
        }
        var entry = new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);
        var elements = (Int128)1;
        foreach (var dimension in shape)
        {
            elements = dimension < 0 || elements > long.MaxValue ? -1 : elements * dimension;
        }
        if (entry.Begin < 0 || elements < 0 || elements > Array.MaxLength
            || elements * SizeOf(type) != (Int128)entry.End - entry.Begin)
        {
            throw Invalid(path,
                $"tensor '{name}' has offsets {entry.Begin} to {entry.End}, which its shape does not fill");
        }
        return entry;
    }

    private static void CheckContiguous(string path, IEnumerable<SafetensorsEntry> entries, long tensorBytes)
    {
        var end = 0L;
        foreach (var entry in entries.OrderBy(e => e.Begin))
        {
            if (entry.Begin != end)
            {
                throw Invalid(path,
                    $"tensor '{entry.Name}' begins at {entry.Begin}, not at {end}, where the one before ends");
            }
            if (entry.End > tensorBytes)
            {
                throw Invalid(path, $"tensor '{entry.Name}' ends at {entry.End}, but the file has {tensorBytes} bytes "
                    + "of tensors; it may be cut short");
            }
            end = entry.End;
        }
        if (end != tensorBytes)
        {
            throw Invalid(path, $"its tensors end at {end}, but the file has {tensorBytes} bytes of tensors");
        }
    }

    private static ModelToolsException Invalid(string path, string why) =>
        new(ModelToolsFault.SourceInvalid, $"{Path.GetFileName(path)}: {why}.");
}
