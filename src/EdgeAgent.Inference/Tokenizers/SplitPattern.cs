namespace EdgeAgent.Inference.Tokenizers;

/// <summary>A regular expression that published tokenizers use, as a scanner that never backtracks.</summary>
internal abstract class SplitPattern
{
    /// <summary>True when every text is matches from end to end, with nothing between them.</summary>
    public virtual bool CoversAllText => true;

    /// <summary>The end of the match at this place; <paramref name="start"/> itself where there is none.</summary>
    public abstract int MatchEnd(ReadOnlySpan<byte> text, int start);

    /// <summary>The end of <c>'s|'t|'re|'ve|'m|'ll|'d</c> at this place, or the place itself.</summary>
    protected static int ContractionEnd(ReadOnlySpan<byte> text, int at, bool ignoreCase)
    {
        if (at + 1 >= text.Length || text[at] != '\'')
        {
            return at;
        }
        var first = Fold(text[at + 1], ignoreCase);
        if (first is (byte)'s' or (byte)'t' or (byte)'m' or (byte)'d')
        {
            return at + 2;
        }
        // U+017F, the long s, folds to s.
        if (ignoreCase && text[(at + 1)..].StartsWith("ſ"u8))
        {
            return at + 3;
        }
        var second = at + 2 < text.Length ? Fold(text[at + 2], ignoreCase) : (byte)0;
        return (first, second) is ((byte)'r', (byte)'e') or ((byte)'v', (byte)'e') or ((byte)'l', (byte)'l')
            ? at + 3
            : at;
    }

    /// <summary>The end of <c>\s*[\r\n]+</c> at this place, or the place itself.</summary>
    protected static int LinesEnd(ReadOnlySpan<byte> text, int at)
    {
        var run = text[at..Characters.RunEnd(text, at, CharacterKinds.Space)];
        return at + run.LastIndexOfAny((byte)'\r', (byte)'\n') + 1;
    }

    /// <summary>The end of <c>\s+(?!\S)|\s+</c> at this place, or the place itself.</summary>
    protected static int SpacesEnd(ReadOnlySpan<byte> text, int at)
    {
        var end = Characters.RunEnd(text, at, CharacterKinds.Space);
        if (end == text.Length || end == at)
        {
            return end;
        }
        // The last space belongs to the word behind it, unless it is the only one.
        var last = end - 1;
        while ((text[last] & 0xC0) == 0x80)
        {
            last--;
        }
        return last > at ? last : end;
    }

    /// <summary>The end of <c>\p{N}{1,n}</c> at this place, or the place itself.</summary>
    protected static int DigitsEnd(ReadOnlySpan<byte> text, int at, int most)
    {
        for (var count = 0; count < most; count++)
        {
            if ((Characters.At(text, at, out var length) & CharacterKinds.Number) == 0)
            {
                break;
            }
            at += length;
        }
        return at;
    }

    private static byte Fold(byte value, bool ignoreCase) =>
        ignoreCase && value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
}
