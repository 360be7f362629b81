using System.Collections.Frozen;

namespace EdgeAgent.Inference.Templates;

/// <summary>A filter: a value becomes another.</summary>
internal delegate TemplateValue Filter(RenderState state, TemplateValue value, CallArguments arguments);

/// <summary>The closed list of filters.</summary>
internal static class FilterTable
{
    private static readonly FrozenDictionary<string, Filter> Filters = new Dictionary<string, Filter>
    {
        ["abs"] = (_, value, _) => Arithmetic.Sign(value, negative: Numbers.ToDouble(value) < 0),
        ["capitalize"] = (state, value, _) => TextMethods.Map(state, Text(state, value), TextMethods.Capitalized),
        ["count"] = (_, value, _) => Length(value),
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = ListFilters.DictSort,
        ["e"] = TextFilters.Escape,
        ["escape"] = TextFilters.Escape,
        ["first"] = (state, value, _) => ListFilters.End(state, value, last: false),
        ["float"] = TextFilters.ToFloat,
        ["format"] = (state, value, arguments) => TextFormat.Percent(state, Text(state, value), arguments.Positional),
        ["indent"] = TextFilters.Indent,
        ["int"] = TextFilters.ToInt,
        ["items"] = ListFilters.Pairs,
        ["join"] = ListFilters.Join,
        ["last"] = (state, value, _) => ListFilters.End(state, value, last: true),
        ["length"] = (_, value, _) => Length(value),
        ["list"] = (state, value, _) => new ListValue(Sequences.Items(state, value)),
        ["lower"] = (state, value, _) => TextMethods.Map(state, Text(state, value), TextMethods.Lower),
        ["map"] = ListFilters.Map,
        ["max"] = (state, value, arguments) => ListFilters.Extreme(state, value, arguments, sign: 1),
        ["min"] = (state, value, arguments) => ListFilters.Extreme(state, value, arguments, sign: -1),
        ["reject"] = (state, value, arguments) => ListFilters.Select(state, value, arguments, false, false),
        ["rejectattr"] = (state, value, arguments) => ListFilters.Select(state, value, arguments, true, false),
        ["replace"] = (state, value, arguments) => TextMethods.Replace(state, Text(state, value), arguments),
        ["reverse"] = ListFilters.Reverse,
        ["round"] = TextFilters.Round,
        ["safe"] = (state, value, _) => Text(state, value),
        ["select"] = (state, value, arguments) => ListFilters.Select(state, value, arguments, false, true),
        ["selectattr"] = (state, value, arguments) => ListFilters.Select(state, value, arguments, true, true),
        ["sort"] = ListFilters.Sort,
        ["string"] = (state, value, _) => Text(state, value),
        ["sum"] = ListFilters.Sum,
        ["title"] = (state, value, _) => TextMethods.Map(state, Text(state, value), TextFilters.Titled),
        ["tojson"] = (state, value, arguments) => TextValue.OfMessage(JsonFormat.Write(state, value, arguments)),
        ["trim"] = (state, value, arguments) =>
            TextMethods.Strip(state, Text(state, value), arguments, left: true, right: true),
        ["unique"] = ListFilters.Unique,
        ["upper"] = (state, value, _) => TextMethods.Map(state, Text(state, value), text => text.ToUpperInvariant()),
    }.ToFrozenDictionary();

    public static Filter? Find(string name) => Filters.GetValueOrDefault(name);

    private static TextValue Text(RenderState state, TemplateValue value) => PythonText.Str(state, value);

    private static IntValue Length(TemplateValue value) => Sequences.Length(value) is { } length
        ? new IntValue(length)
        : throw new TemplateException(TemplateFault.WrongType, $"object of type '{value.TypeName}' has no len()");

    private static TemplateValue Default(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var missing = value is UndefinedValue || (arguments.Flag(1, "boolean", false) && !value.IsTrue);
        return missing ? arguments.Find(0, "default_value") ?? TextValue.Empty : value;
    }
}
