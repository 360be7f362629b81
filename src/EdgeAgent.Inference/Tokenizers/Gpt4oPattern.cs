namespace EdgeAgent.Inference.Tokenizers;

/// <summary>GPT-4o, Phi-4-mini, and Mistral Nemo (without contractions): words split where capitals begin.</summary>
/// <remarks>
/// With P = <c>[^\r\n\p{L}\p{N}]?</c>, U = <c>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</c>,
/// L = <c>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</c>, C = <c>(?i:'s|…)?</c>:
/// <c>P U* L+ C|P U+ L* C|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// </remarks>
internal sealed class Gpt4oPattern(int digitsTogether, bool contractions) : SplitPattern
{
    private const CharacterKinds Known = CharacterKinds.Letter | CharacterKinds.Number | CharacterKinds.Space;
    private const CharacterKinds NoPrefix = CharacterKinds.Letter | CharacterKinds.Number | CharacterKinds.Newline;

    public override int MatchEnd(ReadOnlySpan<byte> text, int start)
    {
        var kinds = Characters.At(text, start, out var length);
        var behindPrefix = (kinds & NoPrefix) == 0 ? start + length : start;
        // The order in which a regular expression tries: each form with the prefix first.
        foreach (var at in (ReadOnlySpan<int>)[behindPrefix, start])
        {
            if (LowerWordEnd(text, at) is var end && end > at)
            {
                return WithContraction(text, end);
            }
        }
        foreach (var at in (ReadOnlySpan<int>)[behindPrefix, start])
        {
            var end = Characters.RunEnd(text, at, CharacterKinds.Upper);
            if (end > at)
            {
                return WithContraction(text, Characters.RunEnd(text, end, CharacterKinds.Lower));
            }
        }
        return (kinds & CharacterKinds.Number) != 0 ? DigitsEnd(text, start, digitsTogether) : SymbolsEnd(text, start);
    }

    /// <summary>The end of <c>U* L+</c> at this place, or the place itself.</summary>
    private static int LowerWordEnd(ReadOnlySpan<byte> text, int at)
    {
        var upperEnd = Characters.RunEnd(text, at, CharacterKinds.Upper);
        var end = Characters.RunEnd(text, upperEnd, CharacterKinds.Lower);
        if (end > upperEnd)
        {
            return end;
        }
        // U* gives back until the last character that is in L too; with none there is no match.
        end = at;
        for (var place = at; place < upperEnd;)
        {
            var lower = (Characters.At(text, place, out var length) & CharacterKinds.Lower) != 0;
            place += length;
            end = lower ? place : end;
        }
        return end;
    }

    private int WithContraction(ReadOnlySpan<byte> text, int end) =>
        contractions ? ContractionEnd(text, end, ignoreCase: true) : end;

    private static int SymbolsEnd(ReadOnlySpan<byte> text, int start)
    {
        var symbols = text[start] == ' ' ? start + 1 : start;
        var end = Characters.RunEndOfOthers(text, symbols, Known);
        if (end > symbols)
        {
            while (end < text.Length && (text[end] is (byte)'\r' or (byte)'\n' or (byte)'/'))
            {
                end++;
            }
            return end;
        }
        end = LinesEnd(text, start);
        return end > start ? end : SpacesEnd(text, start);
    }
}
