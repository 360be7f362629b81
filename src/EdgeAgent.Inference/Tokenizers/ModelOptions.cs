using System.Text.Json;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>The small fields of <c>model</c>, checked against what we run.</summary>
internal sealed record ModelOptions(string? UnknownToken, bool FuseUnknown, bool ByteFallback, bool IgnoreMerges)
{
    /// <summary>Reads them; refuses by name what would change the tokens and is not built.</summary>
    public static ModelOptions Read(TokenizerFile model)
    {
        // Old files have no type; the fields that BPE needs are checked anyway.
        if (Text(model, "type") is { } type and not "BPE")
        {
            throw Unsupported($"model.type {type}");
        }
        foreach (var field in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(Text(model, field)))
            {
                throw Unsupported($"model.{field}");
            }
        }
        if (Reader(model["dropout"]) is { TokenType: not (JsonTokenType.None or JsonTokenType.Null) } dropout
            && !(dropout.TokenType == JsonTokenType.Number && dropout.TryGetDouble(out var share) && share == 0))
        {
            throw Unsupported("model.dropout");
        }
        return new ModelOptions(
            Text(model, "unk_token"),
            Flag(model, "fuse_unk"),
            Flag(model, "byte_fallback"),
            Flag(model, "ignore_merges"));
    }

    private static string? Text(TokenizerFile model, string field)
    {
        var reader = Reader(model[field]);
        return reader.TokenType switch
        {
            JsonTokenType.None or JsonTokenType.Null => null,
            JsonTokenType.String => JsonText.Read(ref reader, $"model.{field}"),
            _ => throw new TokenizerException(TokenizerFault.Malformed, $"model.{field} is not a string."),
        };
    }

    private static bool Flag(TokenizerFile model, string field) => Reader(model[field]).TokenType switch
    {
        JsonTokenType.None or JsonTokenType.Null or JsonTokenType.False => false,
        JsonTokenType.True => true,
        _ => throw new TokenizerException(TokenizerFault.Malformed, $"model.{field} is not true or false."),
    };

    // The whole file has been read once, so this JSON has no faults.
    private static Utf8JsonReader Reader(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!json.IsEmpty)
        {
            reader.Read();
        }
        return reader;
    }

    private static TokenizerException Unsupported(string what) =>
        new(TokenizerFault.Unsupported, $"{what} is not supported.");
}
