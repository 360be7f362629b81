using System.Collections.Frozen;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>A tokenizer file after reading: everything that encoding and decoding look up.</summary>
internal sealed class TokenizerModel
{
    /// <summary>Tokens as text becomes them: real bytes in byte-level style, else text with ▁ for blanks.</summary>
    public required TokenTable Tokens { get; init; }

    /// <summary>Tokens as they become text.</summary>
    public required TokenTable Decoded { get; init; }

    /// <summary>The merges.</summary>
    public required MergeTable Merges { get; init; }

    /// <summary>How a piece of text begins as symbols.</summary>
    public required SymbolAlphabet Alphabet { get; init; }

    /// <summary>A piece that is a token as it stands is not merged together (Llama 3).</summary>
    public required bool IgnoreMerges { get; init; }

    /// <summary>Added tokens that are looked for in the text as it comes.</summary>
    public required AddedTokenSet RawAdded { get; init; }

    /// <summary>Added tokens that are looked for in the normalized text.</summary>
    public required AddedTokenSet NormalizedAdded { get; init; }

    /// <summary>Ids of special tokens.</summary>
    public required FrozenSet<int> SpecialIds { get; init; }

    /// <summary>What changes the text, in order.</summary>
    public required TextNormalizer[] Normalizers { get; init; }

    /// <summary>What changes the text between added tokens just before it is cut.</summary>
    public required TextNormalizer[] Preparation { get; init; }

    /// <summary>The stages that cut text into pieces, in order.</summary>
    public required PreTokenizer[] PreTokenizers { get; init; }

    /// <summary>Blanks that decoding cuts from the very beginning.</summary>
    public int BlanksCutAtStart { get; init; }
}
