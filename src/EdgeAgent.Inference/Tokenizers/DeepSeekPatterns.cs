using System.Buffers;
using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>DeepSeek V3 and R1, behind the cuts at digits and at Chinese and Japanese script.</summary>
/// <remarks>
/// <c>[ASCII punctuation][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*</c>, then lines and
/// blanks as in the other patterns.
/// </remarks>
internal sealed class DeepSeekV3Pattern : SplitPattern
{
    private const CharacterKinds Letters = CharacterKinds.Letter | CharacterKinds.Mark;
    private const CharacterKinds Symbols = CharacterKinds.Punctuation | CharacterKinds.Symbol;

    private static readonly SearchValues<byte> AsciiLetters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    public override bool CoversAllText => false;

    public override int MatchEnd(ReadOnlySpan<byte> text, int start)
    {
        var kinds = Characters.At(text, start, out var length);
        var next = start + length;
        if (text[start] < 0x80 && (kinds & Symbols) != 0 && next < text.Length && char.IsAsciiLetter((char)text[next]))
        {
            var end = text[next..].IndexOfAnyExcept(AsciiLetters);
            return end < 0 ? text.Length : next + end;
        }
        if ((kinds & Letters) != 0)
        {
            return Characters.RunEnd(text, start, Letters);
        }
        if ((kinds & (CharacterKinds.Newline | Symbols)) == 0 && Characters.RunEnd(text, next, Letters) is var word
            && word > next)
        {
            return word;
        }
        var symbols = text[start] == ' ' ? next : start;
        var symbolsEnd = Characters.RunEnd(text, symbols, Symbols);
        if (symbolsEnd > symbols)
        {
            return Characters.RunEnd(text, symbolsEnd, CharacterKinds.Newline);
        }
        var lines = LinesEnd(text, start);
        return lines > start ? lines : SpacesEnd(text, start);
    }
}

/// <summary>A run of some kinds, possibly led by one blank: <c>\s?\p{L}+</c>, <c>\p{N}{1,3}</c>.</summary>
internal sealed class KindPattern(CharacterKinds kinds, bool blankBefore = false, int most = int.MaxValue)
    : SplitPattern
{
    public override bool CoversAllText => false;

    public override int MatchEnd(ReadOnlySpan<byte> text, int start)
    {
        var first = start;
        if (blankBefore && (Characters.At(text, start, out var length) & CharacterKinds.Space) != 0)
        {
            first += length;
        }
        var end = first;
        for (var count = 0; count < most && (Characters.At(text, end, out var next) & kinds) != 0; count++)
        {
            end += next;
        }
        return end > first ? end : start;
    }
}

/// <summary>A run of characters in ranges of code points: <c>[一-龥぀-ゟ゠-ヿ]+</c>.</summary>
internal sealed class RangePattern(params (int First, int Last)[] ranges) : SplitPattern
{
    public override bool CoversAllText => false;

    public override int MatchEnd(ReadOnlySpan<byte> text, int start)
    {
        var end = start;
        while (end < text.Length)
        {
            Rune.DecodeFromUtf8(text[end..], out var rune, out var length);
            if (!Array.Exists(ranges, range => rune.Value >= range.First && rune.Value <= range.Last))
            {
                break;
            }
            end += length;
        }
        return end;
    }
}
