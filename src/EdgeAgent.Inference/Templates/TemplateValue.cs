namespace EdgeAgent.Inference.Templates;

/// <summary>A value inside a template; the types are Python's, as far as templates meet them.</summary>
internal abstract class TemplateValue
{
    /// <summary>Python's name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary>What a condition makes of it.</summary>
    public virtual bool IsTrue => true;
}

/// <summary>What a missing name or field is: empty when printed, an error when used.</summary>
internal sealed class UndefinedValue(string what) : TemplateValue
{
    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    /// <summary>The fault of using it.</summary>
    public TemplateException Fault() => new(TemplateFault.Undefined, $"{what} is undefined");
}

/// <summary>None.</summary>
internal sealed class NoneValue : TemplateValue
{
    public static readonly NoneValue Instance = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;
}

/// <summary>True or false.</summary>
internal sealed class BoolValue : TemplateValue
{
    public static readonly BoolValue True = new(true);
    public static readonly BoolValue False = new(false);

    private BoolValue(bool value) => Value = value;

    public bool Value { get; }

    public override string TypeName => "bool";

    public override bool IsTrue => Value;

    public static BoolValue Of(bool value) => value ? True : False;
}

/// <summary>A whole number.</summary>
internal sealed class IntValue(long value) : TemplateValue
{
    public long Value => value;

    public override string TypeName => "int";

    public override bool IsTrue => value != 0;
}

/// <summary>A number with a point.</summary>
internal sealed class FloatValue(double value) : TemplateValue
{
    public double Value => value;

    public override string TypeName => "float";

    public override bool IsTrue => value != 0;
}

/// <summary>A list or a tuple; never changed once built.</summary>
internal sealed class ListValue(IReadOnlyList<TemplateValue> items, bool isTuple = false) : TemplateValue
{
    public IReadOnlyList<TemplateValue> Items => items;

    public bool IsTuple => isTuple;

    public override string TypeName => isTuple ? "tuple" : "list";

    public override bool IsTrue => items.Count > 0;
}

/// <summary>Keys and values in the order of the source; never changed once built.</summary>
internal sealed class DictValue : TemplateValue
{
    public OrderedDictionary<TemplateValue, TemplateValue> Items { get; } = new(KeyComparer.Instance);

    public override string TypeName => "dict";

    public override bool IsTrue => Items.Count > 0;

    /// <summary>The value of a text key, or null.</summary>
    public TemplateValue? Find(string key) => Items.GetValueOrDefault(TextValue.OfTemplate(key));
}

/// <summary>What <c>namespace()</c> makes: the one thing whose fields a template sets.</summary>
internal sealed class NamespaceValue : TemplateValue
{
    public Dictionary<string, TemplateValue> Fields { get; } = [];

    public override string TypeName => "Namespace";
}

/// <summary>A function, method or macro.</summary>
internal sealed class CallableValue(string name, Func<RenderState, CallArguments, TemplateValue> body) : TemplateValue
{
    public string Name => name;

    public override string TypeName => "function";

    public TemplateValue Call(RenderState state, CallArguments arguments) => body(state, arguments);
}

/// <summary>Equality of keys as in Python: texts by characters, numbers and truth by value.</summary>
internal sealed class KeyComparer : IEqualityComparer<TemplateValue>
{
    public static readonly KeyComparer Instance = new();

    public bool Equals(TemplateValue? x, TemplateValue? y) => (x, y) switch
    {
        (TextValue a, TextValue b) => a.Text == b.Text,
        (NoneValue, NoneValue) or (UndefinedValue, UndefinedValue) => true,
        (IntValue or BoolValue or FloatValue, IntValue or BoolValue or FloatValue) =>
            Numbers.ToDouble(x!).Equals(Numbers.ToDouble(y!)),
        _ => ReferenceEquals(x, y),
    };

    public int GetHashCode(TemplateValue obj) => obj switch
    {
        TextValue text => text.Text.GetHashCode(StringComparison.Ordinal),
        NoneValue or UndefinedValue => 0,
        IntValue or BoolValue or FloatValue => HashOf(Numbers.ToDouble(obj)),
        _ => throw new TemplateException(TemplateFault.WrongType, $"unhashable type: '{obj.TypeName}'"),
    };

    /// <summary>With a seed: .NET's own hash is the same for as many numbers as somebody likes to compute.</summary>
    private static int HashOf(double number)
    {
        // Zeros are equal whatever their sign, and so are all that are no number.
        var bits = BitConverter.DoubleToInt64Bits(number == 0 ? 0 : double.IsNaN(number) ? double.NaN : number);
        return HashCode.Combine((int)bits, (int)(bits >> 32));
    }
}
