namespace EdgeAgent.Inference.Templates;

/// <summary>The operators <c>== != &lt; &lt;= &gt; &gt;= in</c> as in Python.</summary>
internal static class Comparisons
{
    public static bool Holds(RenderState state, string comparison, TemplateValue left, TemplateValue right) =>
        comparison switch
        {
            "==" => AreEqual(state, left, right),
            "!=" => !AreEqual(state, left, right),
            "in" => Contains(state, right, left),
            "not in" => !Contains(state, right, left),
            "<" => Order(state, left, right, "<") < 0,
            "<=" => Order(state, left, right, "<=") <= 0,
            ">" => Order(state, left, right, ">") > 0,
            _ => Order(state, left, right, ">=") >= 0,
        };

    public static bool AreEqual(RenderState state, TemplateValue left, TemplateValue right, int depth = 0)
    {
        state.Budget.RequireValueDepth(depth);
        switch (left, right)
        {
            case (TextValue a, TextValue b):
                state.Budget.Characters(Math.Min(a.Text.Length, b.Text.Length));
                return a.Text == b.Text;
            case (UndefinedValue, UndefinedValue):
                return true;
            case (ListValue a, ListValue b):
                return a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count
                    && a.Items.Zip(b.Items).All(pair => AreEqual(state, pair.First, pair.Second, depth + 1));
            case (DictValue a, DictValue b):
                return a.Items.Count == b.Items.Count
                    && a.Items.All(item => Find(state, b, item.Key) is { } other
                        && AreEqual(state, item.Value, other, depth + 1));
            case (IntValue a, IntValue b):
                return a.Value == b.Value;
            default:
                return KeyComparer.Instance.Equals(left, right);
        }
    }

    private static TemplateValue? Find(RenderState state, DictValue dict, TemplateValue key)
    {
        state.Budget.Key(key);
        return dict.Items.GetValueOrDefault(key);
    }

    public static bool Contains(RenderState state, TemplateValue container, TemplateValue item)
    {
        switch (container)
        {
            case TextValue text:
                if (item is not TextValue part)
                {
                    throw new TemplateException(
                        TemplateFault.WrongType,
                        $"'in <string>' requires string as left operand, not {item.TypeName}");
                }
                state.Budget.Search(text.Text.Length, part.Text.Length);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case DictValue dict:
                state.Budget.Key(item);
                return dict.Items.ContainsKey(item);
            default:
                return Sequences.Items(state, container).Any(other => AreEqual(state, other, item));
        }
    }

    /// <summary>Less than zero, zero, more than zero.</summary>
    public static int Order(
        RenderState state, TemplateValue left, TemplateValue right, string comparison, int depth = 0)
    {
        state.Budget.RequireValueDepth(depth);
        switch (left, right)
        {
            case (TextValue a, TextValue b):
                state.Budget.Characters(Math.Min(a.Text.Length, b.Text.Length));
                return string.CompareOrdinal(a.Text, b.Text);
            case (IntValue a, IntValue b):
                return a.Value.CompareTo(b.Value);
            case (ListValue a, ListValue b) when a.IsTuple == b.IsTuple:
                foreach (var (x, y) in a.Items.Zip(b.Items))
                {
                    if (!AreEqual(state, x, y, depth + 1))
                    {
                        return Order(state, x, y, comparison, depth + 1);
                    }
                }
                return a.Items.Count.CompareTo(b.Items.Count);
            case (UndefinedValue undefined, _):
                throw undefined.Fault();
            case (_, UndefinedValue undefined):
                throw undefined.Fault();
            default:
                return Numbers.IsNumber(left) && Numbers.IsNumber(right)
                    ? Numbers.ToDouble(left).CompareTo(Numbers.ToDouble(right))
                    : throw new TemplateException(
                        TemplateFault.WrongType,
                        $"'{comparison}' not supported between instances of '{left.TypeName}' and '{right.TypeName}'");
        }
    }
}
