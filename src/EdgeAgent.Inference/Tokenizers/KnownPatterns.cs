namespace EdgeAgent.Inference.Tokenizers;

/// <summary>The closed list of regular expressions that a tokenizer file may name, by their exact text.</summary>
internal static class KnownPatterns
{
    /// <summary>What <c>ByteLevel</c> with <c>use_regex</c> splits by.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3, SmolLM3.</summary>
    public const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        + @"|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Qwen 2 and 3, and the DeepSeek distills of them.</summary>
    public const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        + @"|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The scanner of a pattern, or null for one that we do not know.</summary>
    public static SplitPattern? Find(string regex) => regex switch
    {
        Gpt2 => new Gpt2Pattern(),
        Llama3 => new Llama3Pattern(digitsTogether: 3),
        Qwen2 => new Llama3Pattern(digitsTogether: 1),
        _ => null,
    };
}
