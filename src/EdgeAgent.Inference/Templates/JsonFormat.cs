using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Templates;

/// <summary>What <c>tojson</c> writes: Python's json.dumps, by default without ASCII escapes.</summary>
internal sealed class JsonFormat(RenderState state, CallArguments arguments)
{
    private readonly StringBuilder _text = new();
    private readonly bool _asciiOnly = arguments.Flag(0, "ensure_ascii", false);
    private readonly bool _sortKeys = arguments.Flag(3, "sort_keys", false);
    private readonly string? _indent = Indent(arguments);
    private string _itemSeparator = ", ";
    private string _keySeparator = ": ";

    /// <summary>The JSON of a value.</summary>
    public static string Write(RenderState state, TemplateValue value, CallArguments arguments)
    {
        arguments.RequireAtMost(4, "ensure_ascii", "indent", "separators", "sort_keys");
        var format = new JsonFormat(state, arguments);
        format.ReadSeparators();
        format.Append(value, depth: 0);
        RenderBudget.RequireLength(format._text.Length);
        state.Budget.Characters(format._text.Length);
        return format._text.ToString();
    }

    private static string? Indent(CallArguments arguments) => arguments.Find(1, "indent") switch
    {
        null or NoneValue => null,
        TextValue text => text.Text,
        _ => new string(' ', (int)Math.Clamp(arguments.Number(1, "indent", 0), 0, 64)),
    };

    private void ReadSeparators()
    {
        if (_indent is not null)
        {
            _itemSeparator = ",";
        }
        if (arguments.Find(2, "separators") is ListValue { Items: [TextValue item, TextValue key] })
        {
            (_itemSeparator, _keySeparator) = (item.Text, key.Text);
        }
    }

    private void Append(TemplateValue value, int depth)
    {
        state.Budget.RequireValueDepth(depth);
        RenderBudget.RequireLength(_text.Length);
        _ = value switch
        {
            NoneValue => _text.Append("null"),
            BoolValue flag => _text.Append(flag.Value ? "true" : "false"),
            IntValue number => _text.Append(CultureInfo.InvariantCulture, $"{number.Value}"),
            FloatValue number => _text.Append(Number(number.Value)),
            TextValue text => AppendText(text.Text),
            ListValue list => AppendItems('[', ']', list.Items, depth, item => Append(item, depth + 1)),
            DictValue dict => AppendItems('{', '}', Sorted(dict), depth, item =>
            {
                AppendText(PythonText.Str(state, Key(item.Key)).Text);
                _text.Append(_keySeparator);
                Append(item.Value, depth + 1);
            }),
            _ => throw new TemplateException(
                TemplateFault.WrongType, $"Object of type {value.TypeName} is not JSON serializable"),
        };
    }

    private IEnumerable<KeyValuePair<TemplateValue, TemplateValue>> Sorted(DictValue dict) =>
        _sortKeys ? ListFilters.Ordered(state, dict.Items, item => item.Key) : dict.Items;

    private static TemplateValue Key(TemplateValue key) => key switch
    {
        BoolValue flag => TextValue.OfTemplate(flag.Value ? "true" : "false"),
        NoneValue => TextValue.OfTemplate("null"),
        _ => key,
    };

    private StringBuilder AppendItems<T>(char open, char close, IEnumerable<T> items, int depth, Action<T> append)
    {
        _text.Append(open);
        var count = 0;
        foreach (var item in items)
        {
            _text.Append(count++ > 0 ? _itemSeparator : "");
            AppendLine(depth + 1);
            append(item);
        }
        if (count > 0)
        {
            AppendLine(depth);
        }
        return _text.Append(close);
    }

    private void AppendLine(int depth)
    {
        if (_indent is null)
        {
            return;
        }
        RenderBudget.RequireLength(_text.Length + ((long)depth * _indent.Length));
        _text.Append('\n');
        for (var i = 0; i < depth; i++)
        {
            _text.Append(_indent);
        }
    }

    private StringBuilder AppendText(string text)
    {
        RenderBudget.RequireLength((long)_text.Length + text.Length);
        _text.Append('"');
        foreach (var letter in text)
        {
            var plain = "\"\\\b\f\n\r\t".IndexOf(letter, StringComparison.Ordinal);
            _ = plain >= 0 ? _text.Append('\\').Append("\"\\bfnrt"[plain])
                : letter < ' ' || (_asciiOnly && letter > '~')
                    ? _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}")
                    : _text.Append(letter);
        }
        return _text.Append('"');
    }

    private static string Number(double value) => double.IsFinite(value)
        ? PythonText.Float(value)
        : double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
