using System.Buffers;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Changes text before it is cut into pieces.</summary>
internal abstract class TextNormalizer
{
    /// <summary>Appends the changed text.</summary>
    public abstract void Append(ReadOnlySpan<byte> text, TextPlace place, IBufferWriter<byte> output);
}

/// <summary>Where a stretch of text stands: texts between added tokens are sections.</summary>
/// <param name="StartsText">It begins the whole text.</param>
/// <param name="StartsSection">It begins a section.</param>
internal readonly record struct TextPlace(bool StartsText, bool StartsSection);

/// <summary>Unicode normalization form C.</summary>
internal sealed class ComposeNormalizer : TextNormalizer
{
    public override void Append(ReadOnlySpan<byte> text, TextPlace place, IBufferWriter<byte> output) =>
        CanonicalComposition.Append(text, output);
}

/// <summary>Replaces every occurrence of a literal text.</summary>
internal sealed class ReplaceNormalizer(byte[] pattern, byte[] content) : TextNormalizer
{
    public override void Append(ReadOnlySpan<byte> text, TextPlace place, IBufferWriter<byte> output)
    {
        for (int found; (found = text.IndexOf(pattern)) >= 0; text = text[(found + pattern.Length)..])
        {
            output.Write(text[..found]);
            output.Write(content);
        }
        output.Write(text);
    }
}

/// <summary>Puts a literal text before every section, or before the first one only.</summary>
internal sealed class PrependNormalizer(byte[] prefix, bool onlyFirst = false, bool unlessThere = false)
    : TextNormalizer
{
    public override void Append(ReadOnlySpan<byte> text, TextPlace place, IBufferWriter<byte> output)
    {
        var wanted = onlyFirst ? place.StartsText : place.StartsSection;
        if (wanted && !text.IsEmpty && !(unlessThere && text.StartsWith(prefix)))
        {
            output.Write(prefix);
        }
        output.Write(text);
    }
}
