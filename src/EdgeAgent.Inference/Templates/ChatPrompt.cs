using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Inference.Templates;

/// <summary>Turns a rendered prompt into tokens, so that special tokens typed by a person stay text.</summary>
public static class ChatPrompt
{
    /// <summary>Adds the tokens of the spans to the output.</summary>
    /// <remarks>
    /// The spans are one text to the tokenizer: plain text that meets plain text may share a token across the border,
    /// as it does in the reference. Only the right to name a special token ends at the border.
    /// </remarks>
    /// <returns>The number of tokens added.</returns>
    public static int Encode(Tokenizer tokenizer, IReadOnlyList<TemplateSpan> spans, List<int> output)
    {
        var text = new ArrayBufferWriter<byte>();
        var ranges = new List<TextRange>();
        foreach (var span in spans)
        {
            var start = text.WrittenCount;
            Encoding.UTF8.GetBytes(span.Text, text);
            if (!span.FromTemplate || text.WrittenCount == start)
            {
                continue;
            }
            if (ranges.Count > 0 && ranges[^1].End == start)
            {
                ranges[^1] = new TextRange(ranges[^1].Start, text.WrittenCount);
            }
            else
            {
                ranges.Add(new TextRange(start, text.WrittenCount));
            }
        }
        var template = TemplateRanges.Of(CollectionsMarshal.AsSpan(ranges));
        return tokenizer.Encode(text.WrittenSpan, template, output);
    }

    /// <summary>The text of the spans.</summary>
    public static string Text(IReadOnlyList<TemplateSpan> spans) => string.Concat(spans.Select(span => span.Text));
}
