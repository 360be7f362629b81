using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Templates;

/// <summary>How Python writes values: what <c>str()</c> and <c>repr()</c> give.</summary>
/// <remarks>
/// Numbers, True, False and None count as template text: no mark is made of them alone. Lists and dicts mix what
/// template and messages wrote, so their text counts as a message's.
/// </remarks>
internal static class PythonText
{
    /// <summary>The text of a value as a template prints it.</summary>
    public static TextValue Str(RenderState state, TemplateValue value) => value switch
    {
        TextValue text => text,
        UndefinedValue => TextValue.Empty,
        ListValue or DictValue => TextValue.OfMessage(Repr(state, value)),
        NamespaceValue or LoopValue or CallableValue => throw new TemplateException(
            TemplateFault.WrongType, $"a {value.TypeName} has no text"),
        _ => TextValue.OfTemplate(Scalar(value)),
    };

    /// <summary>The text of a value inside a list.</summary>
    public static string Repr(RenderState state, TemplateValue value)
    {
        var builder = new StringBuilder();
        AppendRepr(state, value, builder, depth: 0);
        RenderBudget.RequireLength(builder.Length);
        state.Budget.Characters(builder.Length);
        return builder.ToString();
    }

    /// <summary>A number as Python writes it: the shortest digits that read back as the same.</summary>
    public static string Float(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        if (value == 0)
        {
            return double.IsNegative(value) ? "-0.0" : "0.0";
        }
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var power = value.ToString("E16", CultureInfo.InvariantCulture).Split('E')[1];
        var exponent = int.Parse(power, CultureInfo.InvariantCulture);
        var mantissa = shortest.Split('E')[0].TrimStart('-').Replace(".", "", StringComparison.Ordinal);
        var digits = mantissa.TrimStart('0').TrimEnd('0');
        var sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            var point = digits.Length > 1 ? "." : "";
            return $"{sign}{digits[0]}{point}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }
        digits = digits.PadRight(exponent + 1, '0');
        return $"{sign}{digits[..(exponent + 1)]}.{(digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0")}";
    }

    private static string Scalar(TemplateValue value) => value switch
    {
        NoneValue => "None",
        BoolValue flag => flag.Value ? "True" : "False",
        IntValue number => number.Value.ToString(CultureInfo.InvariantCulture),
        FloatValue number => Float(number.Value),
        UndefinedValue => "Undefined",
        _ => throw new TemplateException(TemplateFault.WrongType, $"a {value.TypeName} has no text"),
    };

    private static void AppendRepr(RenderState state, TemplateValue value, StringBuilder builder, int depth)
    {
        state.Budget.RequireValueDepth(depth);
        RenderBudget.RequireLength(builder.Length);
        switch (value)
        {
            case TextValue text:
                RenderBudget.RequireLength((long)builder.Length + text.Text.Length);
                AppendQuoted(text.Text, builder);
                break;
            case ListValue list:
                builder.Append(list.IsTuple ? '(' : '[');
                AppendJoined(list.Items, builder, item => AppendRepr(state, item, builder, depth + 1));
                builder.Append(list.IsTuple && list.Items.Count == 1 ? "," : "").Append(list.IsTuple ? ')' : ']');
                break;
            case DictValue dict:
                builder.Append('{');
                AppendJoined(dict.Items, builder, item =>
                {
                    AppendRepr(state, item.Key, builder, depth + 1);
                    builder.Append(": ");
                    AppendRepr(state, item.Value, builder, depth + 1);
                });
                builder.Append('}');
                break;
            default:
                builder.Append(Scalar(value));
                break;
        }
    }

    private static void AppendJoined<T>(IEnumerable<T> items, StringBuilder builder, Action<T> append)
    {
        var first = true;
        foreach (var item in items)
        {
            builder.Append(first ? "" : ", ");
            first = false;
            append(item);
        }
    }

    private static void AppendQuoted(string text, StringBuilder builder)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal)
            ? '"'
            : '\'';
        builder.Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\\' => builder.Append(@"\\"),
                '\n' => builder.Append(@"\n"),
                '\r' => builder.Append(@"\r"),
                '\t' => builder.Append(@"\t"),
                _ when rune.Value == quote => builder.Append('\\').Append(quote),
                _ when IsPrintable(rune) => builder.Append(rune),
                < 0x100 => builder.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                < 0x10000 => builder.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => builder.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
        }
        builder.Append(quote);
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
