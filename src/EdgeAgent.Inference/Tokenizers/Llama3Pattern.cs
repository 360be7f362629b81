namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Llama 3 and Qwen, which differ in how many digits stand together and whether marks are letters.</summary>
/// <remarks>
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*</c>
/// <c>|\s*[\r\n]+|\s+(?!\S)|\s+</c>
/// </remarks>
internal sealed class Llama3Pattern(int digitsTogether, bool marksAreLetters = false) : SplitPattern
{
    private readonly CharacterKinds _letters =
        CharacterKinds.Letter | (marksAreLetters ? CharacterKinds.Mark : CharacterKinds.None);

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
            return DigitsEnd(text, start, digitsTogether);
        }
        if ((kinds & CharacterKinds.Letter) != 0)
        {
            return Characters.RunEnd(text, start, _letters);
        }
        if ((kinds & CharacterKinds.Newline) == 0)
        {
            var word = start + length;
            end = Characters.RunEnd(text, word, _letters);
            if (end > word || (kinds & _letters) != 0)
            {
                return end;
            }
        }
        return SymbolsEnd(text, start);
    }

    private int SymbolsEnd(ReadOnlySpan<byte> text, int start)
    {
        var symbols = text[start] == ' ' ? start + 1 : start;
        var end = Characters.RunEndOfOthers(text, symbols, _letters | CharacterKinds.Number | CharacterKinds.Space);
        if (end > symbols)
        {
            return Characters.RunEnd(text, end, CharacterKinds.Newline);
        }
        end = LinesEnd(text, start);
        return end > start ? end : SpacesEnd(text, start);
    }
}
