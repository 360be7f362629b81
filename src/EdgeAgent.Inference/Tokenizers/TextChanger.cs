using System.Buffers;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>A row of normalizers with two buffers that they take turns in; not shared between callers.</summary>
internal sealed class TextChanger(TextNormalizer[] normalizers)
{
    private ArrayBufferWriter<byte>? _from;
    private ArrayBufferWriter<byte>? _to;

    /// <summary>The changed text; valid until the next call.</summary>
    public ReadOnlySpan<byte> Change(ReadOnlySpan<byte> text, TextPlace place)
    {
        foreach (var normalizer in normalizers)
        {
            (_from, _to) = (_to ?? new ArrayBufferWriter<byte>(text.Length + 16), _from);
            _from.ResetWrittenCount();
            normalizer.Append(text, place, _from);
            text = _from.WrittenSpan;
        }
        return text;
    }
}
