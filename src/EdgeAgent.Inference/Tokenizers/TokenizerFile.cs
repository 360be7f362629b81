using System.Text.Json;
using System.Text.Unicode;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Where the fields of one JSON object lie, so that each is read once, in the order that we need.</summary>
internal readonly ref struct TokenizerFile
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly Dictionary<string, Range> _fields;

    private TokenizerFile(ReadOnlySpan<byte> json, Dictionary<string, Range> fields, string path)
    {
        _json = json;
        _fields = fields;
        Path = path;
    }

    /// <summary>Where the object stands in the file.</summary>
    public string Path { get; }

    /// <summary>The JSON of a field; empty where there is none.</summary>
    public ReadOnlySpan<byte> this[string field] => _fields.TryGetValue(field, out var range) ? _json[range] : default;

    /// <summary>The JSON of a field that must be there.</summary>
    public ReadOnlySpan<byte> Required(string field) => _fields.ContainsKey(field)
        ? this[field]
        : throw new TokenizerException(TokenizerFault.MissingField, $"{Path}.{field} is missing.");

    /// <summary>Checks size, encoding and nesting of the whole file and finds its fields.</summary>
    public static TokenizerFile Open(ReadOnlySpan<byte> json)
    {
        if (json.Length > TokenizerLimits.FileBytes)
        {
            throw new TokenizerException(
                TokenizerFault.LimitExceeded,
                $"tokenizer.json has {json.Length} bytes; the limit is {TokenizerLimits.FileBytes}.");
        }
        if (!Utf8.IsValid(json))
        {
            throw new TokenizerException(TokenizerFault.Malformed, "tokenizer.json is not valid UTF-8.");
        }
        return Read(json, "tokenizer.json");
    }

    /// <summary>Finds the fields of an object inside the file.</summary>
    public TokenizerFile Object(string field) => Read(Required(field), field);

    private static TokenizerFile Read(ReadOnlySpan<byte> json, string path)
    {
        try
        {
            return new TokenizerFile(json, FindFields(json, path), path);
        }
        catch (JsonException e)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{path}: {e.Message}", e);
        }
    }

    private static Dictionary<string, Range> FindFields(ReadOnlySpan<byte> json, string path)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = TokenizerLimits.JsonDepth });
        var fields = new Dictionary<string, Range>();
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{path} is not an object.");
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.Read(ref reader, path);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!fields.TryAdd(name, start..(int)reader.BytesConsumed))
            {
                throw new TokenizerException(TokenizerFault.Duplicate, $"{path}.{name} comes twice.");
            }
        }
        // Nothing but white space may follow; the reader throws otherwise.
        reader.Read();
        return fields;
    }
}

/// <summary>Strings of a JSON reader, with the one exception of this room for what is no Unicode text.</summary>
internal static class JsonText
{
    /// <summary>The string or name at the reader.</summary>
    public static string Read(ref Utf8JsonReader reader, string path)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{path}: a string is not valid Unicode.", e);
        }
    }

    /// <summary>Copies the string or name at the reader, which must be a token of permitted length.</summary>
    public static ReadOnlySpan<byte> ReadToken(ref Utf8JsonReader reader, Span<byte> buffer, string path)
    {
        // An escape makes six bytes of one.
        if (reader.ValueSpan.Length > buffer.Length)
        {
            throw TooLong(path);
        }
        try
        {
            return buffer[..reader.CopyString(buffer)];
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException(TokenizerFault.Malformed, $"{path}: a string is not valid Unicode.", e);
        }
    }

    /// <summary>The fault of a token above the limit.</summary>
    public static TokenizerException TooLong(string path) => new(
        TokenizerFault.LimitExceeded, $"{path} has a token longer than {TokenizerLimits.TokenBytes} bytes.");
}
