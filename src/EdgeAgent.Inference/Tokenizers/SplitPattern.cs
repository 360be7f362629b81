namespace EdgeAgent.Inference.Tokenizers;

/// <summary>A regular expression that published tokenizers use, as a scanner that never backtracks.</summary>
internal abstract class SplitPattern
{
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

    private static byte Fold(byte value, bool ignoreCase) =>
        ignoreCase && value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
}

/// <summary>GPT-2, SmolLM, Nano: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.</summary>
internal sealed class Gpt2Pattern : SplitPattern
{
    private const CharacterKinds Known = CharacterKinds.Letter | CharacterKinds.Number | CharacterKinds.Space;

    public override int MatchEnd(ReadOnlySpan<byte> text, int start)
    {
        var end = ContractionEnd(text, start, ignoreCase: false);
        if (end > start)
        {
            return end;
        }
        var word = text[start] == ' ' ? start + 1 : start;
        if (word < text.Length)
        {
            var kinds = Characters.At(text, word, out _) & Known;
            if (kinds == CharacterKinds.None)
            {
                return Characters.RunEndOfOthers(text, word, Known);
            }
            if (kinds != CharacterKinds.Space)
            {
                return Characters.RunEnd(text, word, kinds);
            }
        }
        return SpacesEnd(text, start);
    }
}

/// <summary>Llama 3 and Qwen 2, which differ in how many digits stand together.</summary>
/// <remarks>
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>
/// </remarks>
internal sealed class Llama3Pattern(int digitsTogether) : SplitPattern
{
    private const CharacterKinds Known = CharacterKinds.Letter | CharacterKinds.Number | CharacterKinds.Space;

    public override int MatchEnd(ReadOnlySpan<byte> text, int start)
    {
        var end = ContractionEnd(text, start, ignoreCase: true);
        if (end > start)
        {
            return end;
        }
        var kinds = Characters.At(text, start, out var length);
        if ((kinds & CharacterKinds.Number) != 0)
        {
            return DigitsEnd(text, start);
        }
        if ((kinds & CharacterKinds.Letter) != 0)
        {
            return Characters.RunEnd(text, start, CharacterKinds.Letter);
        }
        if ((kinds & CharacterKinds.Newline) == 0)
        {
            var word = start + length;
            end = Characters.RunEnd(text, word, CharacterKinds.Letter);
            if (end > word)
            {
                return end;
            }
        }
        var symbols = text[start] == ' ' ? start + 1 : start;
        end = Characters.RunEndOfOthers(text, symbols, Known);
        if (end > symbols)
        {
            return Characters.RunEnd(text, end, CharacterKinds.Newline);
        }
        end = LinesEnd(text, start);
        return end > start ? end : SpacesEnd(text, start);
    }

    private int DigitsEnd(ReadOnlySpan<byte> text, int at)
    {
        for (var count = 0; count < digitsTogether; count++)
        {
            if ((Characters.At(text, at, out var length) & CharacterKinds.Number) == 0)
            {
                break;
            }
            at += length;
        }
        return at;
    }
}
