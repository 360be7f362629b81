using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Reads <c>normalizer</c>; what is not on the list is refused by name.</summary>
internal static class NormalizerReader
{
    public static TextNormalizer[] Read(ReadOnlySpan<byte> json)
    {
        var stages = new List<TextNormalizer>();
        if (JsonPart.Read(json, "normalizer") is { } part)
        {
            AddTo(stages, part);
        }
        return [.. stages];
    }

    private static void AddTo(List<TextNormalizer> stages, JsonPart part)
    {
        switch (part.Type)
        {
            case "Sequence":
                part.Objects("normalizers", TokenizerLimits.SequenceLength).ForEach(member => AddTo(stages, member));
                break;
            case "NFC":
                stages.Add(new ComposeNormalizer());
                break;
            case "Prepend":
                stages.Add(new PrependNormalizer(Literal(part, part.RequiredText("prepend"))));
                break;
            case "Replace":
                var pattern = part.Object("pattern")?.Text("String")
                    ?? throw part.Unsupported("a pattern that is no string");
                stages.Add(new ReplaceNormalizer(Literal(part, pattern), Content(part)));
                break;
            default:
                throw part.Unsupported($"type {part.Type}");
        }
        if (stages.Count > TokenizerLimits.SequenceLength)
        {
            throw part.Unsupported($"a sequence of more than {TokenizerLimits.SequenceLength} stages");
        }
    }

    // Sixteen replacements of one blank by many letters each would multiply without end.
    private static byte[] Content(JsonPart part)
    {
        var content = Encoding.UTF8.GetBytes(part.RequiredText("content"));
        return content.Length <= TokenizerLimits.ReplacementBytes
            ? content
            : throw part.Unsupported($"a content of more than {TokenizerLimits.ReplacementBytes} bytes");
    }

    private static byte[] Literal(JsonPart part, string text) =>
        text.Length is > 0 and <= TokenizerLimits.ReplacementBytes
            ? Encoding.UTF8.GetBytes(text)
            : throw part.Unsupported($"a text of {text.Length} letters");
}
