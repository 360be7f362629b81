namespace EdgeAgent.Inference.Tokenizers;

/// <summary>The closed list of regular expressions that a tokenizer file may name, by their exact text.</summary>
internal static class KnownPatterns
{
    /// <summary>What <c>ByteLevel</c> with <c>use_regex</c> splits by.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string LettersAndDigits = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Symbols = @"| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces;
    private const string Capitals = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Smalls = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string SymbolsAndSlashes = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Spaces;

    /// <summary>Llama 3, SmolLM3, Phi-4.</summary>
    public const string Llama3 = LettersAndDigits + @"\p{N}{1,3}" + Symbols;

    /// <summary>Qwen 2 and 3, and the DeepSeek distills of them.</summary>
    public const string Qwen2 = LettersAndDigits + @"\p{N}" + Symbols;

    /// <summary>Qwen 3.5.</summary>
    public const string Qwen35 =
        Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + Spaces;

    /// <summary>GPT-4o, Phi-4-mini.</summary>
    public const string Gpt4o =
        Capitals + "*" + Smalls + "+" + Contractions + "?|" + Capitals + "+" + Smalls + "*" + Contractions + "?"
        + @"|\p{N}{1,3}" + SymbolsAndSlashes;

    /// <summary>Mistral Nemo.</summary>
    public const string MistralNemo =
        Capitals + "*" + Smalls + "+|" + Capitals + "+" + Smalls + "*" + @"|\p{N}" + SymbolsAndSlashes;

    /// <summary>DeepSeek V3, R1.</summary>
    public const string DeepSeekV3 =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
        + @"| ?[\p{P}\p{S}]+[\r\n]*" + Spaces;

    /// <summary>Chinese and Japanese script in DeepSeek V3.</summary>
    public const string DeepSeekScripts = "[一-龥\u3040-ゟ゠-ヿ]+";

    /// <summary>East Asian scripts in DeepSeek LLM and Coder.</summary>
    public const string DeepSeekCoderScripts = "[一-龥ࠀ-一가-\uD7FF]+";

    /// <summary>The scanner of a pattern, or null for one that we do not know.</summary>
    /// <remarks>Some files write the line ends in a class as characters, some as escapes; they mean the same.</remarks>
    public static SplitPattern? Find(string regex) =>
        regex.Replace("\r", @"\r", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal) switch
        {
            Gpt2 => new Gpt2Pattern(),
            Llama3 => new Llama3Pattern(digitsTogether: 3),
            Qwen2 => new Llama3Pattern(digitsTogether: 1),
            Qwen35 => new Llama3Pattern(digitsTogether: 1, marksAreLetters: true),
            Gpt4o => new Gpt4oPattern(digitsTogether: 3, contractions: true),
            MistralNemo => new Gpt4oPattern(digitsTogether: 1, contractions: false),
            DeepSeekV3 => new DeepSeekV3Pattern(),
            DeepSeekScripts => new RangePattern((0x4E00, 0x9FA5), (0x3040, 0x309F), (0x30A0, 0x30FF)),
            DeepSeekCoderScripts => new RangePattern((0x4E00, 0x9FA5), (0x0800, 0x4E00), (0xAC00, 0xD7FF)),
            @"\p{N}{1,3}" => new KindPattern(CharacterKinds.Number, most: 3),
            @"\p{N}" => new KindPattern(CharacterKinds.Number, most: 1),
            @"[\r\n]" => new KindPattern(CharacterKinds.Newline, most: 1),
            @"\s?\p{L}+" => new KindPattern(CharacterKinds.Letter, blankBefore: true),
            @"\s?\p{P}+" => new KindPattern(CharacterKinds.Punctuation, blankBefore: true),
            _ => null,
        };
}
