namespace EdgeAgent.Inference.Templates;

/// <summary>The ChatML form of a conversation, which Nano and many others were trained on.</summary>
public static class ChatMl
{
    /// <summary>The spans of these messages, and of the beginning of the answer.</summary>
    public static List<TemplateSpan> Render(IEnumerable<(string Role, string Content)> messages)
    {
        var spans = new List<TemplateSpan>();
        foreach (var (role, content) in messages)
        {
            spans.Add(new TemplateSpan("<|im_start|>", FromTemplate: true));
            spans.Add(new TemplateSpan($"{role}\n{content}", FromTemplate: false));
            spans.Add(new TemplateSpan("<|im_end|>\n", FromTemplate: true));
        }
        spans.Add(new TemplateSpan("<|im_start|>assistant\n", FromTemplate: true));
        return spans;
    }
}
