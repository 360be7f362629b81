namespace EdgeAgent.Inference.Templates;

/// <summary><c>value[start:stop:step]</c> of lists and texts as in Python.</summary>
internal static class Slices
{
    public static TemplateValue Of(
        RenderState state, TemplateValue value, TemplateValue? start, TemplateValue? stop, TemplateValue? step)
    {
        var stride = Bound(step) ?? 1;
        if (stride == 0)
        {
            throw new TemplateException(TemplateFault.WrongType, "slice step cannot be zero");
        }
        switch (value)
        {
            case UndefinedValue undefined:
                throw undefined.Fault();
            case ListValue list:
                var items = Indices(list.Items.Count, Bound(start), Bound(stop), stride)
                    .Select(i => list.Items[i]).ToList();
                state.Budget.Steps(items.Count);
                return new ListValue(items, list.IsTuple);
            case TextValue text:
                return OfText(state, text, Bound(start), Bound(stop), stride);
            default:
                throw new TemplateException(TemplateFault.WrongType, $"'{value.TypeName}' object is not subscriptable");
        }
    }

    private static TextValue OfText(RenderState state, TextValue text, long? start, long? stop, long stride)
    {
        state.Budget.Characters(text.Text.Length);
        if (stride == 1)
        {
            var length = text.Length;
            var (first, end) = (Clamp(start ?? 0, length, 0, length), Clamp(stop ?? length, length, 0, length));
            var from = text.Offset((int)first);
            return end <= first ? TextValue.Empty : text.Part(from, text.Offset((int)end) - from);
        }
        var characters = Sequences.Items(state, text);
        var builder = new TextBuilder(state);
        foreach (var i in Indices(characters.Count, start, stop, stride))
        {
            builder.Append((TextValue)characters[i]);
        }
        return builder.ToValue();
    }

    private static IEnumerable<int> Indices(int count, long? start, long? stop, long stride)
    {
        if (stride > 0)
        {
            var end = Clamp(stop ?? count, count, 0, count);
            // The stride may be near the largest number: stop before it overflows.
            for (var i = Clamp(start ?? 0, count, 0, count); i < end; i += Math.Min(stride, count))
            {
                yield return (int)i;
            }
        }
        else
        {
            var end = stop is null ? -1 : Clamp(stop.Value, count, -1, count - 1);
            for (var i = Clamp(start ?? count - 1, count, -1, count - 1); i > end; i += Math.Max(stride, -count))
            {
                yield return (int)i;
            }
        }
    }

    private static long Clamp(long index, int count, long low, long high) =>
        Math.Clamp(index < 0 ? Math.Max(index, -count - 1) + count : index, low, high);

    private static long? Bound(TemplateValue? value) => value switch
    {
        null or NoneValue => null,
        _ when Numbers.TryGetInt(value, out var number) => number,
        UndefinedValue undefined => throw undefined.Fault(),
        _ => throw new TemplateException(
            TemplateFault.WrongType, "slice indices must be integers or None or have an __index__ method"),
    };
}
