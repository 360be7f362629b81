namespace EdgeAgent.Inference.Templates;

/// <summary>Filters of lists and dicts.</summary>
internal static class ListFilters
{
    public static TemplateValue End(RenderState state, TemplateValue value, bool last)
    {
        var items = Sequences.Items(state, value);
        return items.Count > 0 ? items[last ? ^1 : 0] : new UndefinedValue("the first or last item of nothing");
    }

    public static TemplateValue Pairs(RenderState state, TemplateValue value, CallArguments arguments) => value switch
    {
        UndefinedValue => new ListValue([]),
        DictValue dict => DictMethods.Items(state, dict),
        _ => throw new TemplateException(TemplateFault.WrongType, "Can only get item pairs from a mapping."),
    };

    public static TemplateValue Join(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var attribute = arguments.Find(1, "attribute");
        var texts = Sequences.Items(state, value)
            .Select(item => (TemplateValue)PythonText.Str(state, Path(state, item, attribute))).ToList();
        var separator = arguments.Find(0, "d") is { } given ? PythonText.Str(state, given) : TextValue.Empty;
        return TextMethods.Join(state, separator, texts);
    }

    /// <summary>Every item's attribute, or every item through another filter.</summary>
    public static TemplateValue Map(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var items = ItemsOfAny(state, value);
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out var attribute))
        {
            var otherwise = arguments.Named.GetValueOrDefault("default");
            return new ListValue([.. items.Select(item => Path(state, item, attribute) is var found
                && found is UndefinedValue ? otherwise ?? found : found)]);
        }
        var name = arguments.Text(0, "filter")?.Text ?? "";
        var filter = FilterTable.Find(name)
            ?? throw new TemplateException(TemplateFault.Unsupported, $"No filter named '{name}'");
        var rest = arguments.Skip(1, name);
        return new ListValue([.. items.Select(item => Guarded(state, () => filter(state, item, rest)))]);
    }

    /// <summary>The items that pass, or fail, a test; of the items themselves or of an attribute.</summary>
    public static TemplateValue Select(
        RenderState state, TemplateValue value, CallArguments arguments, bool byAttribute, bool wanted)
    {
        var attribute = byAttribute ? arguments.Required(0, "attribute") : null;
        var rest = arguments.Skip(byAttribute ? 1 : 0, arguments.Callee);
        var name = rest.Text(0, "test")?.Text;
        var test = name is null
            ? (_, item, _) => item.IsTrue
            : TestTable.Find(name) ?? throw new TemplateException(TemplateFault.Unsupported, $"No test named '{name}'");
        var testArguments = rest.Skip(1, name ?? "");
        return new ListValue([.. ItemsOfAny(state, value)
            .Where(item => test(state, Path(state, item, attribute), testArguments) == wanted)]);
    }

    public static TemplateValue Reverse(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var items = Sequences.Items(state, value).Reverse().ToList();
        return value is TextValue ? TextMethods.Join(state, TextValue.Empty, items) : new ListValue(items);
    }

    public static TemplateValue Sort(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var attribute = arguments.Find(2, "attribute");
        return Sorted(
            state,
            Sequences.Items(state, value),
            item => Path(state, item, attribute),
            arguments.Flag(1, "case_sensitive", false),
            arguments.Flag(0, "reverse", false));
    }

    public static TemplateValue DictSort(RenderState state, TemplateValue value, CallArguments arguments)
    {
        if (value is UndefinedValue undefined)
        {
            throw undefined.Fault();
        }
        var column = arguments.Text(1, "by")?.Text == "value" ? 1 : 0;
        return Sorted(
            state,
            ((ListValue)Pairs(state, value, arguments)).Items,
            pair => ((ListValue)pair).Items[column],
            arguments.Flag(0, "case_sensitive", false),
            arguments.Flag(2, "reverse", false));
    }

    public static TemplateValue Unique(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var attribute = arguments.Find(1, "attribute");
        var seen = new HashSet<TemplateValue>(KeyComparer.Instance);
        var sensitive = arguments.Flag(0, "case_sensitive", false);
        return new ListValue([.. Sequences.Items(state, value)
            .Where(item => seen.Add(Key(item)))]);

        TemplateValue Key(TemplateValue item)
        {
            var key = Folded(state, Path(state, item, attribute), sensitive);
            state.Budget.Key(key);
            return key;
        }
    }

    public static TemplateValue Sum(RenderState state, TemplateValue value, CallArguments arguments)
    {
        var attribute = arguments.Find(0, "attribute");
        return Sequences.Items(state, value).Aggregate(
            arguments.Find(1, "start") ?? new IntValue(0),
            (sum, item) => Arithmetic.Compute(state, "+", sum, Path(state, item, attribute)));
    }

    public static TemplateValue Extreme(RenderState state, TemplateValue value, CallArguments arguments, int sign)
    {
        var attribute = arguments.Find(1, "attribute");
        var sensitive = arguments.Flag(0, "case_sensitive", false);
        TemplateValue Key(TemplateValue item) => Folded(state, Path(state, item, attribute), sensitive);
        var items = Sequences.Items(state, value);
        return items.Count == 0
            ? new UndefinedValue("the extreme of nothing")
            : items.Aggregate((best, item) =>
                Comparisons.Order(state, Key(item), Key(best), "<") * sign > 0 ? item : best);
    }

    private static ListValue Sorted(
        RenderState state,
        IReadOnlyList<TemplateValue> items,
        Func<TemplateValue, TemplateValue> key,
        bool sensitive,
        bool reverse)
    {
        TemplateValue Key(TemplateValue item) => Folded(state, key(item), sensitive);
        return new ListValue(Ordered(state, items, Key, reverse));
    }

    /// <summary>Sorts, equal items in the order they came.</summary>
    public static List<T> Ordered<T>(
        RenderState state, IEnumerable<T> items, Func<T, TemplateValue> key, bool reverse = false)
    {
        var order = Comparer<TemplateValue>.Create((a, b) => Comparisons.Order(state, a, b, "<"));
        try
        {
            return [.. reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateException fault)
        {
            // .NET wraps what a comparison throws.
            throw new TemplateException(fault.Fault, fault.Message, e);
        }
        catch (ArgumentException e)
        {
            // Numbers that only doubles tell apart, or only whole ones, stand in a circle, which .NET may notice.
            throw new TemplateException(TemplateFault.WrongType, "the items have no order", e);
        }
    }

    private static TemplateValue Folded(RenderState state, TemplateValue key, bool sensitive) =>
        key is TextValue text && !sensitive ? TextMethods.Map(state, text, TextMethods.Lower) : key;

    // Jinja asks only of a value that is true whether it can be gone through.
    private static IReadOnlyList<TemplateValue> ItemsOfAny(RenderState state, TemplateValue value) =>
        value.IsTrue ? Sequences.Items(state, value) : [];

    /// <summary>An attribute, possibly of an attribute: <c>function.name</c>.</summary>
    private static TemplateValue Path(RenderState state, TemplateValue item, TemplateValue? attribute)
    {
        state.Budget.Steps();
        if (attribute is null or NoneValue)
        {
            return item;
        }
        if (attribute is not TextValue path)
        {
            return Attributes.Item(state, item, attribute);
        }
        state.Budget.Characters(path.Text.Length);
        foreach (var name in path.Text.Split('.'))
        {
            state.Budget.Steps();
            item = int.TryParse(name, out var index)
                ? Attributes.Item(state, item, new IntValue(index))
                : Attributes.Item(state, item, TextValue.OfTemplate(name));
        }
        return item;
    }

    // A filter that runs filters: map('map', 'map', …).
    private static TemplateValue Guarded(RenderState state, Func<TemplateValue> run)
    {
        state.Budget.Enter();
        var value = run();
        state.Budget.Leave();
        return value;
    }
}
