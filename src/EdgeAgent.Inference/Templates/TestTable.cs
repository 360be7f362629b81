using System.Collections.Frozen;

namespace EdgeAgent.Inference.Templates;

/// <summary>A test: what stands behind <c>is</c>.</summary>
internal delegate bool ValueTest(RenderState state, TemplateValue value, CallArguments arguments);

/// <summary>The closed list of tests.</summary>
internal static class TestTable
{
    private static readonly FrozenDictionary<string, ValueTest> Tests = Build().ToFrozenDictionary();

    public static ValueTest? Find(string name) => Tests.GetValueOrDefault(name);

    /// <summary>The arguments that a test takes.</summary>
    public static int ArgumentCount(string name) => name
        is "divisibleby" or "in" or "sameas" or "eq" or "equalto" or "==" or "ne" or "!=" or "lt" or "lessthan" or "<"
        or "le" or "<=" or "gt" or "greaterthan" or ">" or "ge" or ">=" ? 1 : 0;

    private static Dictionary<string, ValueTest> Build()
    {
        var tests = new Dictionary<string, ValueTest>
        {
            ["boolean"] = (_, value, _) => value is BoolValue,
            ["callable"] = (_, value, _) => value is CallableValue,
            ["defined"] = (_, value, _) => value is not UndefinedValue,
            ["divisibleby"] = (state, value, arguments) =>
                IsZero(Arithmetic.Compute(state, "%", value, arguments.Required(0, "num"))),
            ["even"] = (state, value, _) => IsZero(Arithmetic.Compute(state, "%", value, new IntValue(2))),
            ["false"] = (_, value, _) => value is BoolValue { Value: false },
            ["float"] = (_, value, _) => value is FloatValue,
            ["in"] = (state, value, arguments) => Comparisons.Contains(state, arguments.Required(0, "seq"), value),
            ["integer"] = (_, value, _) => value is IntValue,
            ["iterable"] = (_, value, _) => value is ListValue or DictValue or TextValue or UndefinedValue or LoopValue,
            ["lower"] = (state, value, _) => IsCase(state, value, char.IsUpper),
            ["mapping"] = (_, value, _) => value is DictValue,
            ["none"] = (_, value, _) => value is NoneValue,
            ["number"] = (_, value, _) => Numbers.IsNumber(value),
            ["odd"] = (state, value, _) =>
                Numbers.ToDouble(Arithmetic.Compute(state, "%", value, new IntValue(2))) == 1,
            ["sameas"] = (state, value, arguments) => IsSame(state, value, arguments.Required(0, "other")),
            ["sequence"] = (_, value, _) => value is ListValue or DictValue or TextValue or UndefinedValue,
            ["string"] = (_, value, _) => value is TextValue,
            ["true"] = (_, value, _) => value is BoolValue { Value: true },
            ["undefined"] = (_, value, _) => value is UndefinedValue,
            ["upper"] = (state, value, _) => IsCase(state, value, char.IsLower),
            ["filter"] = (_, value, _) => value is TextValue name && FilterTable.Find(name.Text) is not null,
            ["test"] = (_, value, _) => value is TextValue name && Find(name.Text) is not null,
        };
        AddComparison(tests, "==", "eq", "equalto", "==");
        AddComparison(tests, "!=", "ne", "!=");
        AddComparison(tests, "<", "lt", "lessthan", "<");
        AddComparison(tests, "<=", "le", "<=");
        AddComparison(tests, ">", "gt", "greaterthan", ">");
        AddComparison(tests, ">=", "ge", ">=");
        return tests;
    }

    private static void AddComparison(Dictionary<string, ValueTest> tests, string comparison, params string[] names)
    {
        foreach (var name in names)
        {
            tests[name] = (state, value, arguments) =>
                Comparisons.Holds(state, comparison, value, arguments.Required(0, "other"));
        }
    }

    private static bool IsZero(TemplateValue value) => Numbers.IsNumber(value) && !value.IsTrue;

    private static bool IsCase(RenderState state, TemplateValue value, Func<char, bool> isOther)
    {
        var text = PythonText.Str(state, value);
        return TextMethods.IsCase(state, text, isOther);
    }

    private static bool IsSame(RenderState state, TemplateValue value, TemplateValue other)
    {
        state.Budget.Key(value);
        return value.GetType() == other.GetType() && KeyComparer.Instance.Equals(value, other);
    }
}
