namespace EdgeAgent.Inference.Templates;

/// <summary>What a filter, test, function or macro is called with.</summary>
internal sealed record CallArguments(
    string Callee, IReadOnlyList<TemplateValue> Positional, IReadOnlyDictionary<string, TemplateValue> Named)
{
    private static readonly Dictionary<string, TemplateValue> NoNames = [];

    /// <summary>Nothing.</summary>
    public static CallArguments None(string callee) => new(callee, [], NoNames);

    /// <summary>Values without names.</summary>

    /// <summary>The argument at this place or of this name, or null.</summary>
    public TemplateValue? Find(int index, string name) =>
        (uint)index < (uint)Positional.Count ? Positional[index] : Named.GetValueOrDefault(name);

    /// <summary>The argument at this place or of this name.</summary>
    public TemplateValue Required(int index, string name) => Find(index, name)
        ?? throw new TemplateException(
            TemplateFault.WrongType, $"{Callee}() missing 1 required positional argument: '{name}'");

    /// <summary>A text argument, or null.</summary>
    public TextValue? Text(int index, string name) => Find(index, name) switch
    {
        null or NoneValue => null,
        TextValue text => text,
        var other => throw new TemplateException(
            TemplateFault.WrongType, $"{Callee}() argument '{name}' must be str, not {other.TypeName}"),
    };

    /// <summary>A whole number, or its default.</summary>
    public long Number(int index, string name, long otherwise) => Find(index, name) switch
    {
        null or NoneValue => otherwise,
        IntValue number => number.Value,
        BoolValue flag => flag.Value ? 1 : 0,
        var other => throw new TemplateException(
            TemplateFault.WrongType, $"{Callee}() argument '{name}' must be int, not {other.TypeName}"),
    };

    /// <summary>A condition, or its default.</summary>
    public bool Flag(int index, string name, bool otherwise) => Find(index, name)?.IsTrue ?? otherwise;

    /// <summary>The arguments behind the first so many.</summary>
    public CallArguments Skip(int count, string callee) => new(callee, [.. Positional.Skip(count)], Named);

    /// <summary>Refuses what a caller gave and nobody reads.</summary>
    public void RequireAtMost(int count, params ReadOnlySpan<string> names)
    {
        if (Positional.Count > count)
        {
            throw new TemplateException(
                TemplateFault.WrongType, $"{Callee}() takes {count} arguments, {Positional.Count} were given");
        }
        foreach (var name in Named.Keys)
        {
            if (!names.Contains(name))
            {
                throw new TemplateException(
                    TemplateFault.WrongType, $"{Callee}() got an unexpected keyword argument '{name}'");
            }
        }
    }
}
