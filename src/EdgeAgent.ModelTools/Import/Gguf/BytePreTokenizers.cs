using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>How byte-level text is cut before merging; GGUF names it in <c>tokenizer.ggml.pre</c>.</summary>
/// <param name="Patterns">Regular expressions that cut one after the other; empty: GPT-2's own.</param>
internal sealed record BytePreTokenizer(
    IReadOnlyList<string> Patterns, bool DigitsApart = false, bool IgnoreMerges = false, bool Composed = false);

/// <summary>The names of pre-tokenizers that we know, and what they stand for.</summary>
/// <remarks>Names and their meaning from llama.cpp (llama-vocab.cpp); NFC from the tokenizer.json of Qwen.</remarks>
internal static class BytePreTokenizers
{
    private static readonly BytePreTokenizer Gpt2 = new([]);
    private static readonly BytePreTokenizer Digits = new([], DigitsApart: true);
    private static readonly BytePreTokenizer Llama3 = new([KnownPatterns.Llama3]);
    private static readonly BytePreTokenizer Qwen2 = new([KnownPatterns.Qwen2]);

    private static readonly Dictionary<string, BytePreTokenizer> Known = new(StringComparer.Ordinal)
    {
        ["gpt-2"] = Gpt2,
        ["phi-2"] = Gpt2,
        ["mpt"] = Gpt2,
        ["olmo"] = Gpt2,
        ["jais"] = Gpt2,
        ["smollm"] = Digits,
        ["starcoder"] = Digits,
        ["refact"] = Digits,
        ["command-r"] = Digits,
        ["codeshell"] = Digits,
        ["exaone"] = Digits,
        ["minerva-7b"] = Digits,
        ["llama-bpe"] = Llama3 with { IgnoreMerges = true },
        ["llama3"] = Llama3 with { IgnoreMerges = true },
        ["llama-v3"] = Llama3 with { IgnoreMerges = true },
        ["falcon3"] = Llama3 with { IgnoreMerges = true },
        ["pixtral"] = Llama3 with { IgnoreMerges = true },
        ["smaug-bpe"] = Llama3,
        ["dbrx"] = Llama3,
        ["qwen2"] = Qwen2 with { Composed = true },
        ["deepseek-r1-qwen"] = Qwen2,
        ["stablelm2"] = Qwen2 with { Composed = true },
        ["megrez"] = Qwen2,
        ["qwen35"] = new([KnownPatterns.Qwen35], Composed: true),
        ["tekken"] = new([KnownPatterns.MistralNemo], IgnoreMerges: true),
        ["gpt-4o"] = new([KnownPatterns.Gpt4o]),
        ["llama4"] = new([KnownPatterns.Gpt4o], IgnoreMerges: true),
        ["deepseek-coder"] = new(
            [@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", KnownPatterns.DeepSeekCoderScripts], DigitsApart: true),
        ["deepseek-v3"] = new([@"\p{N}{1,3}", KnownPatterns.DeepSeekScripts, KnownPatterns.DeepSeekV3]),
    };

    public static string KnownNames => string.Join(", ", Known.Keys);

    public static BytePreTokenizer? Find(string name) => Known.GetValueOrDefault(name);
}
