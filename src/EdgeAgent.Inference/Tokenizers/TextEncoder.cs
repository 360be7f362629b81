using System.Buffers;
using System.Runtime.InteropServices;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>One run of text through all stages; not shared between callers.</summary>
/// <remarks>The reference's order: raw added tokens, normalizers, normalized added tokens, cuts, merges.</remarks>
internal sealed class TextEncoder(TokenizerModel model, List<int> output)
{
    private readonly BytePairMerger _merger = new(model.Merges);
    private readonly TextChanger _normalizers = new(model.Normalizers);
    private readonly TextChanger _preparation = new(model.Preparation);

    /// <summary>Adds the tokens of a whole text.</summary>
    public void Encode(ReadOnlySpan<byte> text, TemplateRanges template)
    {
        var at = 0;
        while (model.RawAdded.FindNext(text, at, template, out var range) is { } token)
        {
            EncodeSection(text, new TextRange(at, range.Start), template);
            output.Add(token.Id);
            at = range.End;
        }
        EncodeSection(text, new TextRange(at, text.Length), template);
    }

    private void EncodeSection(ReadOnlySpan<byte> text, TextRange section, TemplateRanges template)
    {
        if (section.Start >= section.End)
        {
            return;
        }
        if (model.NormalizedAdded.IsEmpty)
        {
            var place = new TextPlace(section.Start == 0, StartsSection: true);
            Prepare(_normalizers.Change(text[section.Start..section.End], place), section.Start == 0);
            return;
        }
        var normalized = NormalizeByRange(text, section, template, out var ranges);
        var at = 0;
        while (model.NormalizedAdded.FindNext(normalized, at, ranges, out var range) is { } token)
        {
            Prepare(normalized[at..range.Start], section.Start == 0 && at == 0);
            output.Add(token.Id);
            at = range.End;
        }
        Prepare(normalized[at..], section.Start == 0 && at == 0);
    }

    /// <summary>Normalizes template text and message text apart, so that it stays known which is which.</summary>
    private ReadOnlySpan<byte> NormalizeByRange(
        ReadOnlySpan<byte> text, TextRange section, TemplateRanges template, out TemplateRanges ranges)
    {
        var whole = new ArrayBufferWriter<byte>();
        var kept = new List<TextRange>();
        for (var at = section.Start; at < section.End;)
        {
            var end = template.BorderBehind(at, section.End, out var fromTemplate);
            var start = whole.WrittenCount;
            whole.Write(_normalizers.Change(text[at..end], new TextPlace(at == 0, at == section.Start)));
            if (fromTemplate)
            {
                kept.Add(new TextRange(start, whole.WrittenCount));
            }
            at = end;
        }
        ranges = TemplateRanges.Of(CollectionsMarshal.AsSpan(kept));
        return whole.WrittenSpan;
    }

    private void Prepare(ReadOnlySpan<byte> section, bool startsText) =>
        EncodePiece(_preparation.Change(section, new TextPlace(startsText, StartsSection: true)), stage: 0);

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
