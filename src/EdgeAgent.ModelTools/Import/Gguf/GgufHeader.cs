using System.Numerics;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Everything of a GGUF file that stands before its tensors, checked.</summary>
/// <remarks>
/// Magic, version, counts, key-value fields, tensor descriptions, padding to the alignment, tensors (ggml,
/// docs/gguf.md). What llama.cpp refuses is refused here, and what exceeds <see cref="GgufLimits"/>.
/// </remarks>
internal sealed record GgufHeader(GgufMetadata Metadata, IReadOnlyDictionary<string, GgufTensor> Tensors)
{
    /// <summary>The first bytes of every GGUF file.</summary>
    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    private const int DefaultAlignment = 32;

    /// <summary>A field has at least a length, a type and one byte.</summary>
    private const int SmallestField = 13;

    /// <summary>A description has at least a length, a count, a dimension, a type and an offset.</summary>
    private const int SmallestDescription = 32;

    /// <exception cref="ModelToolsException">The header breaks the format or a limit.</exception>
    public static GgufHeader Read(Stream stream, string file)
    {
        var cursor = new GgufCursor(stream, file);
        Span<byte> magic = stackalloc byte[4];
        cursor.Bytes(magic, "the magic number");
        if (!magic.SequenceEqual(Magic))
        {
            throw cursor.Invalid("it does not begin with 'GGUF'; a source is a GGUF file or a Hugging Face folder");
        }
        var version = cursor.UInt32("the version");
        if (version is not (2 or 3))
        {
            throw cursor.Invalid((version & 0xFFFF) == 0 && version != 0
                ? "it is big-endian; known are little-endian files"
                : $"it has version {version}; known are 2 and 3");
        }
        var tensorCount = cursor.Count("the number of tensors", GgufLimits.Tensors, SmallestDescription);
        var fieldCount = cursor.Count("the number of fields", GgufLimits.Fields, SmallestField);
        var values = new Dictionary<string, GgufValue>(StringComparer.Ordinal);
        for (var i = 0; i < fieldCount; i++)
        {
            var key = cursor.Text($"the key of field {i}", GgufLimits.KeyBytes);
            if (key.Length == 0 || !values.TryAdd(key, ReadValue(cursor, key)))
            {
                throw cursor.Invalid(key.Length == 0 ? $"field {i} has no key" : $"{Shown(key)} stands there twice");
            }
        }
        var metadata = new GgufMetadata(file, values);
        var alignment = metadata.Whole("general.alignment", 1, GgufLimits.Alignment, DefaultAlignment);
        if (!BitOperations.IsPow2(alignment))
        {
            throw cursor.Invalid($"general.alignment is {alignment}; it must be a power of two");
        }
        return new GgufHeader(metadata, ReadTensors(cursor, tensorCount, alignment, stream.Length));
    }

    private static GgufValue ReadValue(GgufCursor cursor, string key)
    {
        var what = Shown(key);
        var type = (GgufValueType)cursor.UInt32($"the type of {what}");
        if (type != GgufValueType.Array)
        {
            return ReadEntries(cursor, key, type, isArray: false, 1);
        }
        var entryType = (GgufValueType)cursor.UInt32($"the type of the list {what}");
        if (entryType == GgufValueType.Array)
        {
            throw cursor.Invalid($"{what} is a list of lists");
        }
        var size = entryType == GgufValueType.Text ? sizeof(ulong) : Math.Max(1, GgufValue.SizeOf(entryType));
        return ReadEntries(cursor, key, entryType, isArray: true,
            cursor.Count($"the length of the list {what}", GgufLimits.ArrayEntries, size));
    }

    private static GgufValue ReadEntries(GgufCursor cursor, string key, GgufValueType type, bool isArray, int count)
    {
        var what = Shown(key);
        if (type == GgufValueType.Text)
        {
            var limit = key.StartsWith("tokenizer.chat_template", StringComparison.Ordinal)
                ? GgufLimits.TemplateBytes : GgufLimits.TextBytes;
            var texts = new string[count];
            for (var i = 0; i < count; i++)
            {
                texts[i] = cursor.Text(what, limit);
            }
            return new GgufValue(type, isArray, count, [], texts);
        }
        var size = GgufValue.SizeOf(type);
        if (size == 0)
        {
            throw cursor.Invalid($"{what} has type {(uint)type}, which the format does not know");
        }
        var numbers = new byte[count * size];
        cursor.Bytes(numbers, what);
        return type != GgufValueType.Bool || !numbers.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)1)
            ? new GgufValue(type, isArray, count, numbers, [])
            : throw cursor.Invalid($"{what} is neither true nor false");
    }

    private static Dictionary<string, GgufTensor> ReadTensors(
        GgufCursor cursor, int count, int alignment, long fileBytes)
    {
        var read = new List<GgufTensor>();
        for (var i = 0; i < count; i++)
        {
            read.Add(ReadTensor(cursor, i, alignment));
        }
        var start = (cursor.Position + alignment - 1) / alignment * alignment;
        var tensors = new Dictionary<string, GgufTensor>(StringComparer.Ordinal);
        var end = start;
        foreach (var tensor in read.OrderBy(tensor => tensor.Offset).ThenBy(tensor => tensor.SizeBytes))
        {
            // Offset and size are each checked against the file before they are added.
            if (tensor.Offset > fileBytes - start || tensor.SizeBytes > fileBytes - start - tensor.Offset)
            {
                throw cursor.Invalid($"tensor '{tensor.Name}' needs {tensor.SizeBytes} bytes from {tensor.Offset} on, "
                    + $"but the file has {fileBytes - start} bytes of tensors; it may be cut short");
            }
            var placed = tensor with { Offset = start + tensor.Offset };
            if (placed.Offset < end)
            {
                throw cursor.Invalid($"tensor '{tensor.Name}' overlaps the one before it");
            }
            end = placed.Offset + placed.SizeBytes;
            if (!tensors.TryAdd(placed.Name, placed))
            {
                throw cursor.Invalid($"tensor '{tensor.Name}' stands there twice");
            }
        }
        return tensors;
    }

    private static GgufTensor ReadTensor(GgufCursor cursor, int index, int alignment)
    {
        var name = cursor.Text($"the name of tensor {index}", GgufLimits.TensorNameBytes);
        var what = $"tensor '{Shown(name)}'";
        var dimensions = cursor.UInt32($"the dimensions of {what}");
        if (dimensions is 0 or > GgufLimits.Dimensions)
        {
            throw cursor.Invalid($"{what} has {dimensions} dimensions; allowed are 1 to {GgufLimits.Dimensions}");
        }
        var shape = new long[dimensions];
        var elements = (UInt128)1;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            var dimension = cursor.UInt64($"the shape of {what}");
            elements = elements > (UInt128)Array.MaxLength ? elements : elements * dimension;
            shape[i] = (long)Math.Min(dimension, long.MaxValue);
        }
        if (elements == 0 || elements > (UInt128)Array.MaxLength)
        {
            throw cursor.Invalid($"{what} has no elements, or more than {Array.MaxLength}");
        }
        var type = cursor.UInt32($"the type of {what}");
        var layout = GgufBlockLayout.Of(type) ?? throw cursor.Invalid(
            $"{what} has type {type}; known are {GgufBlockLayout.KnownNames}");
        if (shape[^1] % layout.BlockElements != 0)
        {
            throw cursor.Invalid($"{what} has rows of {shape[^1]}, which blocks of {layout.BlockElements} "
                + $"({layout.Name}) do not divide");
        }
        var offset = cursor.UInt64($"the offset of {what}");
        return offset % (ulong)alignment == 0 && offset <= long.MaxValue
            ? new GgufTensor(name, layout, shape, (long)offset,
                (long)elements / layout.BlockElements * layout.BlockBytes)
            : throw cursor.Invalid($"{what} has offset {offset}; it must be a multiple of {alignment}");
    }

    private static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "…";
}
