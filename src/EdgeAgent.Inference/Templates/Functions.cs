using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Templates;

/// <summary>The functions that every chat template may call.</summary>
internal static class Functions
{
    private static readonly CallableValue RaiseException = new("raise_exception", Raise);
    private static readonly CallableValue Range = new("range", MakeRange);
    private static readonly CallableValue Namespace = new("namespace", MakeNamespace);
    private static readonly CallableValue Dict = new("dict", MakeDict);
    private static readonly CallableValue Now = new("strftime_now", FormatNow);

    public static TemplateValue? Find(string name) => name switch
    {
        "raise_exception" => RaiseException,
        "range" => Range,
        "namespace" => Namespace,
        "dict" => Dict,
        "strftime_now" => Now,
        _ => null,
    };

    private static TemplateValue Raise(RenderState state, CallArguments arguments) =>
        throw new TemplateException(TemplateFault.Raised, PythonText.Str(state, arguments.Required(0, "message")).Text);

    private static ListValue MakeRange(RenderState state, CallArguments arguments)
    {
        arguments.RequireAtMost(3);
        var single = arguments.Positional.Count == 1;
        var start = single ? 0 : arguments.Number(0, "start", 0);
        var stop = arguments.Number(single ? 0 : 1, "stop", 0);
        var step = arguments.Number(2, "step", 1);
        if (step == 0)
        {
            throw new TemplateException(TemplateFault.WrongType, "range() arg 3 must not be zero");
        }
        var count = Math.Max(0, Math.Ceiling(((double)stop - start) / step));
        state.Budget.Steps((long)Math.Min(count, TemplateLimits.Steps + 1.0));
        return new ListValue([.. Enumerable.Range(0, (int)count).Select(i => new IntValue(start + i * step))]);
    }

    private static NamespaceValue MakeNamespace(RenderState state, CallArguments arguments)
    {
        var space = new NamespaceValue();
        foreach (var (key, value) in MakeDict(state, arguments).Items)
        {
            space.Fields[((TextValue)key).Text] = value;
        }
        return space;
    }

    private static DictValue MakeDict(RenderState state, CallArguments arguments)
    {
        var given = arguments.Positional is [DictValue copied] ? copied : new DictValue();
        arguments.RequireAtMost(given.IsTrue ? 1 : 0, [.. arguments.Named.Keys]);
        var dict = new DictValue();
        foreach (var (key, value) in given.Items)
        {
            state.Budget.Steps();
            state.Budget.Key(key);
            dict.Items[key is TextValue ? key : PythonText.Str(state, key)] = value;
        }
        foreach (var (name, value) in arguments.Named)
        {
            dict.Items[TextValue.OfTemplate(name)] = value;
        }
        return dict;
    }

    /// <summary>The time of the board's clock in C's format.</summary>
    private static TextValue FormatNow(RenderState state, CallArguments arguments)
    {
        var format = arguments.Text(0, "format")?.Text ?? "";
        state.Budget.Characters(format.Length * 16L);
        var (now, text) = (state.Clock.GetLocalNow(), new StringBuilder());
        for (var i = 0; i < format.Length; i++)
        {
            var field = format[i] == '%' && i + 1 < format.Length ? Field(now, format[i + 1]) : null;
            text.Append(field ?? format[i].ToString());
            i += field is null ? 0 : 1;
        }
        RenderBudget.RequireLength(text.Length);
        return TextValue.OfTemplate(text.ToString());
    }

    private static string? Field(DateTimeOffset now, char letter)
    {
        var pattern = letter switch
        {
            'd' => "dd",
            'm' => "MM",
            'y' => "yy",
            'Y' => "yyyy",
            'b' or 'h' => "MMM",
            'B' => "MMMM",
            'a' => "ddd",
            'A' => "dddd",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'p' => "tt",
            'f' => "ffffff",
            'F' => "yyyy-MM-dd",
            'T' => "HH:mm:ss",
            'D' => "MM/dd/yy",
            'R' => "HH:mm",
            _ => null,
        };
        return letter switch
        {
            '%' => "%",
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            _ => pattern is null ? null : now.ToString(pattern, CultureInfo.InvariantCulture),
        };
    }
}
