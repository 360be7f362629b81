namespace EdgeAgent.Inference.Tokenizers;

/// <summary>GPT-2, SmolLM, Nano: words, numbers and symbols, each with the blank before it.</summary>
/// <remarks><c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c></remarks>
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
