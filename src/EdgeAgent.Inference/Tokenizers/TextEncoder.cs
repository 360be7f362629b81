namespace EdgeAgent.Inference.Tokenizers;

/// <summary>One run of text through added tokens, pre-tokenizers and merges; not shared between callers.</summary>
internal sealed class TextEncoder(TokenizerModel model, List<int> output)
{
    private readonly BytePairMerger _merger = new(model.Merges);

    /// <summary>Adds the tokens of a whole text.</summary>
    public void Encode(ReadOnlySpan<byte> text, TemplateRanges template)
    {
        var at = 0;
        while (model.RawAdded.FindNext(text, at, template, out var range) is { } token)
        {
            EncodePiece(text[at..range.Start], stage: 0);
            output.Add(token.Id);
            at = range.End;
        }
        EncodePiece(text[at..], stage: 0);
    }

    private void EncodePiece(ReadOnlySpan<byte> text, int stage)
    {
        if (stage == model.PreTokenizers.Length)
        {
            MergePiece(text);
            return;
        }
        for (var start = 0; start < text.Length;)
        {
            var end = model.PreTokenizers[stage].PieceEnd(text, start);
            EncodePiece(text[start..end], stage + 1);
            start = end;
        }
    }

    private void MergePiece(ReadOnlySpan<byte> piece)
    {
        if (model.IgnoreMerges && model.Tokens.Find(piece) is >= 0 and var whole && !model.SpecialIds.Contains(whole))
        {
            output.Add(whole);
            return;
        }
        _merger.Clear();
        model.Alphabet.Append(piece, _merger);
        _merger.Merge(output);
    }
}
