namespace EdgeAgent.Inference.Tokenizers;

/// <summary>What a tokenizer file may cost; none is an option, because no published file comes near.</summary>
internal static class TokenizerLimits
{
    /// <summary>The largest published file (Gemma 3, 262k tokens) has 33 MB.</summary>
    public const int FileBytes = 64 << 20;

    /// <summary>Ids are below this, so that arrays by id stay small.</summary>
    public const int VocabularySize = 1 << 20;

    /// <summary>Ids without a token; published files have fewer than a thousand.</summary>
    private const int MissingIds = 1 << 16;

    /// <summary>An entry of the vocabulary has at least quotes, a colon and a digit.</summary>
    private const int SmallestEntryBytes = 4;

    /// <summary>Bytes of one token.</summary>
    public const int TokenBytes = 1024;

    /// <summary>Every merge is one lookup entry; Gemma 3 has 515,000.</summary>
    public const int Merges = 4 << 20;

    /// <summary>Gemma 3 has 6,415.</summary>
    public const int AddedTokens = 10_000;

    /// <summary>Nesting of the JSON file.</summary>
    public const int JsonDepth = 64;

    /// <summary>Members of a sequence of normalizers, pre-tokenizers or decoders.</summary>
    public const int SequenceLength = 16;

    /// <summary>What reading a file may allocate whatever its size, and besides for each of its bytes.</summary>
    public const long FixedBytes = 4 << 20;

    public const long BytesOfByte = 64;

    /// <summary>The ids of a file of this size are below this, so that a small file cannot ask for large arrays.
    /// </summary>
    public static int Ids(int fileBytes) => Math.Min(VocabularySize, MissingIds + (fileBytes / SmallestEntryBytes));

    /// <summary>Bytes that a normalizer may put in place of a match; ▁ has three.</summary>
    public const int ReplacementBytes = 16;
}
