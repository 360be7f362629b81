using System.Text.Json;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>One JSON object of a tokenizer file with the path to it, so that every fault can name its field.</summary>
internal readonly struct JsonPart
{
    private static readonly JsonDocumentOptions Options = new()
    {
        MaxDepth = TokenizerLimits.JsonDepth,
        AllowDuplicateProperties = false,
    };

    private readonly JsonElement _element;

    private JsonPart(JsonElement element, string path) => (_element, Path) = (element, path);

    /// <summary>Where it stands in the file.</summary>
    public string Path { get; }

    /// <summary>The value of <c>type</c>.</summary>
    public string Type => Text("type") ?? throw Missing("type");

    /// <summary>Reads a part of the file; null for nothing and for JSON null.</summary>
    public static JsonPart? Read(ReadOnlySpan<byte> json, string path)
    {
        if (json.IsEmpty)
        {
            return null;
        }
        try
        {
            var element = JsonElement.Parse(json, Options);
            return element.ValueKind == JsonValueKind.Null ? null : new JsonPart(element, path);
        }
        catch (JsonException e)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{path}: {e.Message}", e);
        }
    }

    /// <summary>The text of a field, or null.</summary>
    public string? Text(string field)
    {
        if (Field(field) is not { ValueKind: not JsonValueKind.Null } value)
        {
            return null;
        }
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : throw WrongType(field, "a string");
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{Path}.{field} is not valid Unicode.", e);
        }
    }

    /// <summary>The text of a field that must be there.</summary>
    public string RequiredText(string field) => Text(field) ?? throw Missing(field);

    /// <summary>A field that is true or false, or its default.</summary>
    public bool Flag(string field, bool otherwise) => Field(field)?.ValueKind switch
    {
        null or JsonValueKind.Null => otherwise,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw WrongType(field, "true or false"),
    };

    /// <summary>A whole number that must be there.</summary>
    public int Number(string field)
    {
        var value = Field(field) ?? throw Missing(field);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : throw WrongType(field, "a whole number below 2^31");
    }

    /// <summary>An object in a field, or null.</summary>
    public JsonPart? Object(string field) => Field(field) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Object } value => new JsonPart(value, $"{Path}.{field}"),
        _ => throw WrongType(field, "an object"),
    };

    /// <summary>The objects of an array that must be there.</summary>
    public List<JsonPart> Objects(string field, int limit) =>
        new JsonPart(Field(field) ?? throw Missing(field), $"{Path}.{field}").Items(limit);

    /// <summary>The objects of this array.</summary>
    public List<JsonPart> Items(int limit)
    {
        if (_element.ValueKind != JsonValueKind.Array)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{Path} is not an array.");
        }
        if (_element.GetArrayLength() > limit)
        {
            throw new TokenizerException(
                TokenizerFault.LimitExceeded, $"{Path} has {_element.GetArrayLength()} entries; the limit is {limit}.");
        }
        var items = new List<JsonPart>();
        foreach (var item in _element.EnumerateArray())
        {
            items.Add(new JsonPart(item, $"{Path}[{items.Count}]"));
        }
        return items;
    }

    /// <summary>The fault of a type or value that we do not run.</summary>
    public TokenizerException Unsupported(string what) =>
        new(TokenizerFault.Unsupported, $"{Path}: {what} is not supported.");

    private JsonElement? Field(string field)
    {
        if (_element.ValueKind != JsonValueKind.Object)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{Path} is not an object.");
        }
        return _element.TryGetProperty(field, out var value) ? value : null;
    }

    private TokenizerException Missing(string field) =>
        new(TokenizerFault.MissingField, $"{Path}.{field} is missing.");

    private TokenizerException WrongType(string field, string wanted) =>
        new(TokenizerFault.Malformed, $"{Path}.{field} is not {wanted}.");
}
