namespace EdgeAgent.Inference.Templates;

/// <summary>Fields and items: of values, never of .NET objects, so there is nothing to break out to (S25).</summary>
internal static class Attributes
{
    private const int ShownName = 64;

    /// <summary><c>value.name</c>: a method if the type has one of that name, else a field.</summary>
    public static TemplateValue Get(TemplateValue value, string name)
    {
        if (value is UndefinedValue undefined)
        {
            throw undefined.Fault();
        }
        if (name.StartsWith('_') && value is not DictValue)
        {
            throw new TemplateException(
                TemplateFault.Unsupported, $"access to attribute '{name}' of '{value.TypeName}' object is unsafe.");
        }
        return Method(value, name) ?? Field(value, name) ?? Missing(value, name);
    }

    /// <summary><c>value[key]</c>.</summary>
    public static TemplateValue Item(RenderState state, TemplateValue value, TemplateValue key)
    {
        state.Budget.Key(key);
        switch (value)
        {
            case UndefinedValue undefined:
                throw undefined.Fault();
            case DictValue dict when key is not (ListValue or DictValue):
                return dict.Items.GetValueOrDefault(key) ?? OfKey(value, key);
            case ListValue list when Numbers.TryGetInt(key, out var index):
                index = index < 0 ? index + list.Items.Count : index;
                return index >= 0 && index < list.Items.Count ? list.Items[(int)index] : Missing(value, $"{index}");
            case TextValue text when Numbers.TryGetInt(key, out var place):
                state.Budget.Characters(text.Text.Length);
                place = place < 0 ? place + text.Length : place;
                if (place < 0 || place >= text.Length)
                {
                    return Missing(value, $"{place}");
                }
                var start = text.Offset((int)place);
                return text.Part(start, char.IsSurrogatePair(text.Text, start) ? 2 : 1);
            default:
                return key is TextValue name ? Get(value, name.Text) : Missing(value, "such item");
        }
    }

    // Jinja looks for an attribute where there is no item.
    private static TemplateValue OfKey(TemplateValue value, TemplateValue key)
    {
        var name = key is TextValue text ? text.Text : "such key";
        return Method(value, name) as TemplateValue ?? Missing(value, name);
    }

    private static TemplateValue? Field(TemplateValue value, string name) => value switch
    {
        DictValue dict => dict.Find(name),
        NamespaceValue space => space.Fields.GetValueOrDefault(name),
        LoopValue loop => loop.Field(name),
        _ => null,
    };

    private static CallableValue? Method(TemplateValue value, string name)
    {
        var body = value switch
        {
            DictValue dict => DictMethods.Find(dict, name),
            TextValue text => TextMethods.Find(text, name),
            ListValue list => ListMethods.Find(list, name),
            _ => null,
        };
        return body is null ? null : new CallableValue(name, body);
    }

    private static UndefinedValue Missing(TemplateValue value, string name) =>
        new($"'{value.TypeName} object' has no attribute '{TemplateException.Shorten(name, ShownName)}'; it");
}

/// <summary>The methods of a dict that change nothing.</summary>
internal static class DictMethods
{
    public static Func<RenderState, CallArguments, TemplateValue>? Find(DictValue dict, string name) => name switch
    {
        "items" => (state, _) => Items(state, dict),
        "keys" => (state, _) => Copy(state, dict.Items.Keys),
        "values" => (state, _) => Copy(state, dict.Items.Values),
        "get" => (state, arguments) => Get(state, dict, arguments.Required(0, "key"))
            ?? arguments.Find(1, "default") ?? NoneValue.Instance,
        "copy" => (_, _) => dict,
        "update" or "pop" or "popitem" or "clear" or "setdefault" => throw Unsafe(name),
        _ => null,
    };

    /// <summary>Pairs of key and value.</summary>
    public static ListValue Items(RenderState state, DictValue dict)
    {
        state.Budget.Steps(dict.Items.Count);
        return new ListValue([.. dict.Items.Select(item => new ListValue([item.Key, item.Value], isTuple: true))]);
    }

    private static ListValue Copy(RenderState state, IReadOnlyCollection<TemplateValue> items)
    {
        state.Budget.Steps(items.Count);
        return new ListValue([.. items]);
    }

    private static TemplateValue? Get(RenderState state, DictValue dict, TemplateValue key)
    {
        state.Budget.Key(key);
        return dict.Items.GetValueOrDefault(key);
    }

    /// <summary>The fault of a method that would change its object.</summary>
    public static TemplateException Unsafe(string name) =>
        new(TemplateFault.Unsupported, $"the method '{name}' changes its object, which a chat template may not.");
}

/// <summary>The methods of a list that change nothing.</summary>
internal static class ListMethods
{
    public static Func<RenderState, CallArguments, TemplateValue>? Find(ListValue list, string name) => name switch
    {
        "index" => (state, arguments) => Index(state, list, arguments.Required(0, "value")),
        "count" => (state, arguments) => Count(state, list, arguments.Required(0, "value")),
        "copy" => (_, _) => list,
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "sort" or "reverse" =>
            throw DictMethods.Unsafe(name),
        _ => null,
    };

    private static IntValue Index(RenderState state, ListValue list, TemplateValue value)
    {
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (Comparisons.AreEqual(state, list.Items[i], value))
            {
                return new IntValue(i);
            }
        }
        throw new TemplateException(TemplateFault.WrongType, "the value is not in the list");
    }

    private static IntValue Count(RenderState state, ListValue list, TemplateValue value) =>
        new(list.Items.Count(item => Comparisons.AreEqual(state, item, value)));
}
