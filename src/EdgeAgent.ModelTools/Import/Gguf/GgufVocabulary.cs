using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>What a token is, numbered as in <c>tokenizer.ggml.token_type</c>.</summary>
internal enum GgufTokenType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>The tokens of a GGUF file and what they are.</summary>
internal sealed record GgufVocabulary(string[] Tokens, GgufTokenType[] Types)
{
    /// <exception cref="ModelToolsException">There is none, or lists do not fit together.</exception>
    public static GgufVocabulary Read(GgufMetadata metadata)
    {
        const string key = "tokenizer.ggml.tokens";
        var tokens = metadata.Texts(key);
        if (tokens.Length is 0 or > ManifestLimits.Vocabulary)
        {
            throw metadata.Invalid(key, $"has {tokens.Length} entries; allowed are 1 to {ManifestLimits.Vocabulary}");
        }
        var types = metadata.OptionalWholes("tokenizer.ggml.token_type", 0, 6);
        if (types is not null && types.Length != tokens.Length)
        {
            throw metadata.Invalid("tokenizer.ggml.token_type",
                $"has {types.Length} entries, {key} has {tokens.Length}");
        }
        return new GgufVocabulary(tokens,
            [.. (types ?? Enumerable.Repeat(1, tokens.Length)).Select(type => (GgufTokenType)Math.Max(1, type))]);
    }

    /// <summary>The id of a special token that the metadata names, or null.</summary>
    public int? Id(GgufMetadata metadata, string name) =>
        metadata.OptionalWhole($"tokenizer.ggml.{name}_token_id", 0, Tokens.Length - 1);

    /// <summary>The token that the metadata names, or null.</summary>
    public string? Text(GgufMetadata metadata, string name) =>
        Id(metadata, name) is { } id ? Tokens[id] : null;
}
