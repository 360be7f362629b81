namespace EdgeAgent.Inference.Templates;

/// <summary>The methods that cut a text into several.</summary>
internal static class TextSplits
{
    private const string LineEnds = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029";

    /// <summary>split and rsplit: by a separator, or by runs of white space.</summary>
    public static ListValue Split(RenderState state, TextValue text, CallArguments arguments, bool fromRight)
    {
        var separator = arguments.Text(0, "sep")?.Text;
        var most = arguments.Number(1, "maxsplit", -1);
        if (separator is "")
        {
            throw new TemplateException(TemplateFault.WrongType, "empty separator");
        }
        state.Budget.Search(text.Text.Length, separator?.Length ?? 0);
        var cuts = separator is null ? Words(state, text.Text) : Occurrences(state, text.Text, separator, fromRight);
        if (separator is null && most >= 0)
        {
            throw new TemplateException(TemplateFault.Unsupported, "split by white space so many times");
        }
        return new ListValue(separator is null ? Parts(text, cuts) : Between(text, Limit(cuts, most, fromRight)));
    }

    /// <summary>splitlines.</summary>
    public static ListValue Lines(RenderState state, TextValue text)
    {
        var lines = new List<(int Start, int End)>();
        var start = 0;
        state.Budget.Characters(text.Text.Length);
        for (var i = 0; i < text.Text.Length; i++)
        {
            if (!LineEnds.Contains(text.Text[i]))
            {
                continue;
            }
            state.Budget.Steps();
            lines.Add((start, i));
            i += text.Text[i] == '\r' && i + 1 < text.Text.Length && text.Text[i + 1] == '\n' ? 1 : 0;
            start = i + 1;
        }
        if (start < text.Text.Length)
        {
            lines.Add((start, text.Text.Length));
        }
        return new ListValue(Parts(text, lines));
    }

    /// <summary>partition and rpartition: before, separator, behind.</summary>
    public static ListValue Partition(RenderState state, TextValue text, CallArguments arguments, bool last)
    {
        if (arguments.Text(0, "sep") is not { Text.Length: > 0 } separator)
        {
            throw new TemplateException(TemplateFault.WrongType, "empty separator");
        }
        state.Budget.Search(text.Text.Length, separator.Text.Length);
        var found = last
            ? text.Text.LastIndexOf(separator.Text, StringComparison.Ordinal)
            : text.Text.IndexOf(separator.Text, StringComparison.Ordinal);
        var behind = found + separator.Text.Length;
        List<TemplateValue> parts = found >= 0
            ? [text.Part(0, found), text.Part(found, behind - found), text.Part(behind, text.Text.Length - behind)]
            : last ? [TextValue.Empty, TextValue.Empty, text] : [text, TextValue.Empty, TextValue.Empty];
        return new ListValue(parts, isTuple: true);
    }

    private static List<(int Start, int End)> Words(RenderState state, string text)
    {
        var words = new List<(int, int)>();
        for (var at = 0; at < text.Length;)
        {
            var start = at;
            while (at < text.Length && !TextMethods.IsSpace(text[at]))
            {
                at++;
            }
            if (at > start)
            {
                state.Budget.Steps();
                words.Add((start, at));
            }
            at++;
        }
        return words;
    }

    private static List<(int Start, int End)> Occurrences(
        RenderState state, string text, string separator, bool fromRight)
    {
        var found = new List<(int, int)>();
        if (fromRight)
        {
            var end = text.Length;
            for (int at; end > 0 && (at = text.AsSpan(0, end).LastIndexOf(separator)) >= 0; end = at)
            {
                state.Budget.Steps();
                found.Add((at, at + separator.Length));
            }
            found.Reverse();
            return found;
        }
        for (int from = 0, at; (at = text.IndexOf(separator, from, StringComparison.Ordinal)) >= 0;)
        {
            state.Budget.Steps();
            from = at + separator.Length;
            found.Add((at, from));
        }
        return found;
    }

    private static List<(int Start, int End)> Limit(List<(int Start, int End)> cuts, long most, bool fromRight)
    {
        if (most < 0 || most >= cuts.Count)
        {
            return cuts;
        }
        return fromRight ? cuts[(cuts.Count - (int)most)..] : cuts[..(int)most];
    }

    private static List<TemplateValue> Parts(TextValue text, List<(int Start, int End)> ranges) =>
        ranges.ConvertAll<TemplateValue>(range => text.Part(range.Start, range.End - range.Start));

    private static List<TemplateValue> Between(TextValue text, List<(int Start, int End)> cuts)
    {
        var ranges = new List<(int, int)>();
        var start = 0;
        foreach (var cut in cuts)
        {
            ranges.Add((start, cut.Start));
            start = cut.End;
        }
        ranges.Add((start, text.Text.Length));
        return Parts(text, ranges);
    }
}
