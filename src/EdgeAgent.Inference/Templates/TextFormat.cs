using System.Globalization;

namespace EdgeAgent.Inference.Templates;

/// <summary>Python's <c>%</c> of a text: <c>%s %d %r %%</c> and <c>%.2f</c>.</summary>
internal static class TextFormat
{
    public static TextValue Percent(RenderState state, TextValue format, IReadOnlyList<TemplateValue> values)
    {
        var builder = new TextBuilder(state);
        var (used, at) = (0, 0);
        while (format.Text.IndexOf('%', at) is >= 0 and var percent)
        {
            builder.Append(format.Part(at, percent - at));
            at = percent + 1;
            var digits = at;
            if (at < format.Text.Length && format.Text[at] == '.')
            {
                digits = ++at;
                var count = format.Text.AsSpan(at).IndexOfAnyExceptInRange('0', '9');
                at += count is > 0 and < 3 ? count : 0;
            }
            var letter = at < format.Text.Length ? format.Text[at++] : ' ';
            if (letter == '%')
            {
                builder.Append(TextValue.OfTemplate("%"));
            }
            else if (used < values.Count)
            {
                var places = digits < at - 1 ? format.Text[digits..(at - 1)] : "6";
                builder.Append(Field(state, letter, values[used++], int.Parse(places, CultureInfo.InvariantCulture)));
            }
            else
            {
                throw new TemplateException(TemplateFault.WrongType, "not enough arguments for format string");
            }
        }
        return used == values.Count || values is [ListValue { IsTuple: false } or DictValue or UndefinedValue]
            ? builder.Append(format.Part(at, format.Text.Length - at)).ToValue()
            : throw new TemplateException(
                TemplateFault.WrongType, "not all arguments converted during string formatting");
    }

    private static TextValue Field(RenderState state, char letter, TemplateValue value, int places) => letter switch
    {
        's' => PythonText.Str(state, value),
        'r' => TextValue.OfMessage(PythonText.Repr(state, value)),
        'd' or 'i' when Numbers.IsNumber(value) =>
            TextValue.OfTemplate(Math.Truncate(Numbers.ToDouble(value)).ToString("F0", CultureInfo.InvariantCulture)),
        'f' when Numbers.IsNumber(value) =>
            TextValue.OfTemplate(Numbers.ToDouble(value).ToString($"F{places}", CultureInfo.InvariantCulture)),
        _ => throw new TemplateException(TemplateFault.WrongType, $"the format %{letter} of a {value.TypeName}"),
    };
}
