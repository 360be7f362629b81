namespace EdgeAgent.Inference.Templates;

/// <summary>What can be gone through: lists, keys of dicts, characters of texts, nothing for what is missing.</summary>
internal static class Sequences
{
    /// <summary>The items, paid for from the budget.</summary>
    public static IReadOnlyList<TemplateValue> Items(RenderState state, TemplateValue value)
    {
        if (!TryGet(state, value, out var items))
        {
            throw new TemplateException(TemplateFault.WrongType, $"'{value.TypeName}' object is not iterable");
        }
        state.Budget.Steps(items.Count);
        return items;
    }

    /// <summary>The number of items, or null for what has none.</summary>
    public static int? Length(TemplateValue value) => value switch
    {
        ListValue list => list.Items.Count,
        DictValue dict => dict.Items.Count,
        TextValue text => text.Length,
        LoopValue loop => loop.Items.Count,
        UndefinedValue => 0,
        _ => null,
    };

    private static bool TryGet(RenderState state, TemplateValue value, out IReadOnlyList<TemplateValue> items)
    {
        switch (value)
        {
            case ListValue list:
                items = list.Items;
                return true;
            case DictValue dict:
                items = [.. dict.Items.Keys];
                return true;
            case TextValue text:
                // Each becomes a value of its own.
                state.Budget.Steps(text.Text.Length);
                items = [.. text.Characters()];
                return true;
            case UndefinedValue:
                items = [];
                return true;
            default:
                items = [];
                return false;
        }
    }
}
