using System.Globalization;

namespace EdgeAgent.Inference.Templates;

/// <summary>Filters of texts and numbers.</summary>
internal static class TextFilters
{
    /// <summary>Characters of HTML become entities.</summary>
    public static TemplateValue Escape(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var builder = new TextBuilder(state);
        foreach (var letter in Sequences.Items(state, PythonText.Str(state, value)).Cast<TextValue>())
        {
            var entity = letter.Text switch
            {
                "&" => "&amp;",
                "<" => "&lt;",
                ">" => "&gt;",
                "'" => "&#39;",
                "\"" => "&#34;",
                _ => null,
            };
            builder.Append(entity is null ? letter : letter.Derive(entity));
        }
        return builder.ToValue();
    }

    /// <summary>Blanks before every line but the first.</summary>
    public static TemplateValue Indent(RenderState state, TemplateValue value, CallArguments arguments)
    {
        if (value is not TextValue text)
        {
            throw new TemplateException(TemplateFault.WrongType, $"a {value.TypeName} cannot be indented");
        }
        var margin = arguments.Find(0, "width") is TextValue given
            ? given
            : TextValue.OfTemplate(new string(' ', (int)Math.Clamp(arguments.Number(0, "width", 4), 0, 1024)));
        var (first, blank) = (arguments.Flag(1, "first", false), arguments.Flag(2, "blank", false));
        var builder = new TextBuilder(state);
        var lines = TextSplits.Lines(state, new TextBuilder(state).Append(text).Append("\n", true).ToValue()).Items;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = (TextValue)lines[i];
            var indented = i == 0 ? first : blank || line.Text.Length > 0;
            builder.Append(i > 0 ? "\n" : "", fromTemplate: true);
            builder.Append(indented ? margin : TextValue.Empty).Append(line);
        }
        return builder.ToValue();
    }

    /// <summary>Words begin with a large letter; words are what stands between blanks, hyphens and brackets.</summary>
    public static string Titled(string text) =>
        TextMethods.Titled(text, letter => !TextMethods.IsSpace(letter) && !"-({[<".Contains(letter));

    public static TemplateValue ToInt(RenderState state, TemplateValue value, CallArguments arguments)
    {
        state.Budget.Key(value);
        var number = value switch
        {
            FloatValue real when Math.Abs(real.Value) < 9e18 => (long)real.Value,
            TextValue text => Parse(text.Text.Trim()),
            UndefinedValue undefined => throw undefined.Fault(),
            _ when Numbers.TryGetInt(value, out var whole) => whole,
            _ => null,
        };
        return number is { } result ? new IntValue(result) : arguments.Find(0, "default") ?? new IntValue(0);
    }

    public static TemplateValue ToFloat(RenderState state, TemplateValue value, CallArguments arguments)
    {
        state.Budget.Key(value);
        if (value is TextValue text
            && double.TryParse(text.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed))
        {
            return new FloatValue(parsed);
        }
        if (value is UndefinedValue undefined)
        {
            throw undefined.Fault();
        }
        return Numbers.IsNumber(value)
            ? new FloatValue(Numbers.ToDouble(value))
            : arguments.Find(0, "default") ?? new FloatValue(0);
    }

    public static TemplateValue Round(RenderState state, TemplateValue value, CallArguments arguments)
    {
        if (!Numbers.IsNumber(value))
        {
            throw new TemplateException(TemplateFault.WrongType, $"a {value.TypeName} cannot be rounded");
        }
        var method = arguments.Text(1, "method")?.Text;
        if (value is not FloatValue && method is null && arguments.Number(0, "precision", 0) >= 0)
        {
            return Arithmetic.Sign(value, negative: false);
        }
        var factor = Math.Pow(10, Math.Clamp(arguments.Number(0, "precision", 0), -15, 15));
        var number = Numbers.ToDouble(value) * factor;
        return new FloatValue(method switch
        {
            "ceil" => Math.Ceiling(number) / factor,
            "floor" => Math.Floor(number) / factor,
            _ => Math.Round(number, MidpointRounding.ToEven) / factor,
        });
    }

    private static long? Parse(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return whole;
        }
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            && Math.Abs(real) < 9e18
            ? (long)real
            : null;
    }
}
