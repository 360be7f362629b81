namespace EdgeAgent.Inference.Templates;

/// <summary>What numbers have in common.</summary>
internal static class Numbers
{
    public static bool IsNumber(TemplateValue value) => value is IntValue or FloatValue or BoolValue;

    /// <summary>True for a whole number; truth counts as 0 or 1.</summary>
    public static bool TryGetInt(TemplateValue value, out long number)
    {
        number = value switch { IntValue i => i.Value, BoolValue { Value: true } => 1, _ => 0 };
        return value is IntValue or BoolValue;
    }

    public static double ToDouble(TemplateValue value) =>
        value is FloatValue number ? number.Value : TryGetInt(value, out var whole) ? whole : double.NaN;
}

/// <summary>The operators <c>+ - * / // % **</c> as in Python.</summary>
internal static class Arithmetic
{
    public static TemplateValue Compute(RenderState state, string operation, TemplateValue left, TemplateValue right)
    {
        if (left is UndefinedValue || (right is UndefinedValue && !(operation == "%" && left is TextValue)))
        {
            throw (left as UndefinedValue ?? (UndefinedValue)right).Fault();
        }
        try
        {
            if (Numbers.TryGetInt(left, out var a) && Numbers.TryGetInt(right, out var b))
            {
                return OfInts(operation, a, b);
            }
        }
        catch (Exception e) when (e is OverflowException or DivideByZeroException)
        {
            throw new TemplateException(TemplateFault.WrongType, $"a whole number {operation} another: {e.Message}", e);
        }
        if (Numbers.IsNumber(left) && Numbers.IsNumber(right))
        {
            return OfFloats(operation, Numbers.ToDouble(left), Numbers.ToDouble(right));
        }
        return (operation, left, right) switch
        {
            ("+", TextValue x, TextValue y) => new TextBuilder(state).Append(x).Append(y).ToValue(),
            ("+", TextValue, _) => throw WrongType($"can only concatenate str (not \"{right.TypeName}\") to str"),
            ("+", ListValue x, ListValue y) when x.IsTuple == y.IsTuple => Join(state, x, y),
            ("*", _, _) when Numbers.TryGetInt(right, out var times) && left is (TextValue or ListValue) =>
                Repeat(state, left, times),
            ("*", _, _) when Numbers.TryGetInt(left, out var times) && right is (TextValue or ListValue) =>
                Repeat(state, right, times),
            ("%", TextValue x, ListValue { IsTuple: true } y) => TextFormat.Percent(state, x, y.Items),
            ("%", TextValue x, _) => TextFormat.Percent(state, x, [right]),
            _ => throw WrongType(
                $"unsupported operand type(s) for {operation}: '{left.TypeName}' and '{right.TypeName}'"),
        };
    }

    public static TemplateValue Sign(TemplateValue value, bool negative) => value switch
    {
        FloatValue number => new FloatValue(negative ? -number.Value : number.Value),
        _ when Numbers.TryGetInt(value, out var whole) && whole != long.MinValue =>
            new IntValue(negative ? -whole : whole),
        UndefinedValue undefined => throw undefined.Fault(),
        _ => throw WrongType($"bad operand type for unary {(negative ? '-' : '+')}: '{value.TypeName}'"),
    };

    private static TemplateValue OfInts(string operation, long a, long b) => operation switch
    {
        "+" => new IntValue(checked(a + b)),
        "-" => new IntValue(checked(a - b)),
        "*" => new IntValue(checked(a * b)),
        "/" => b == 0 ? throw new DivideByZeroException() : new FloatValue((double)a / b),
        "//" => new IntValue(FloorDivide(a, b)),
        "%" => new IntValue(b == -1 ? 0 : checked(a - FloorDivide(a, b) * b)),
        _ => b < 0 ? new FloatValue(Math.Pow(a, b)) : new IntValue(Power(a, b)),
    };

    private static FloatValue OfFloats(string operation, double a, double b) => operation switch
    {
        "+" => new FloatValue(a + b),
        "-" => new FloatValue(a - b),
        "*" => new FloatValue(a * b),
        "**" => new FloatValue(Math.Pow(a, b)),
        _ when b == 0 => throw WrongType("float division by zero"),
        "/" => new FloatValue(a / b),
        "//" => new FloatValue(Math.Floor(a / b)),
        _ => new FloatValue(a - Math.Floor(a / b) * b),
    };

    private static long FloorDivide(long a, long b)
    {
        var quotient = checked(a / b);
        return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
    }

    private static long Power(long a, long b)
    {
        if (a is 0 or 1 or -1)
        {
            return a == -1 && b % 2 == 0 ? 1 : b == 0 ? 1 : a;
        }
        var result = 1L;
        // At most 63 rounds: then it has overflowed.
        for (; b > 0; b--)
        {
            result = checked(result * a);
        }
        return result;
    }

    private static ListValue Join(RenderState state, ListValue left, ListValue right)
    {
        state.Budget.Steps(left.Items.Count + right.Items.Count);
        return new ListValue([.. left.Items, .. right.Items], left.IsTuple);
    }

    private static TemplateValue Repeat(RenderState state, TemplateValue value, long count)
    {
        count = Math.Clamp(count, 0, int.MaxValue);
        if (value is not TextValue text)
        {
            var items = ((ListValue)value).Items;
            state.Budget.Steps(count * items.Count);
            return new ListValue(
                [.. Enumerable.Range(0, items.Count == 0 ? 0 : (int)count).SelectMany(_ => items)],
                ((ListValue)value).IsTuple);
        }
        RenderBudget.RequireLength(count * text.Text.Length);
        var builder = new TextBuilder(state);
        for (var i = 0L; i < count && text.Text.Length > 0; i++)
        {
            state.Budget.Steps();
            builder.Append(text);
        }
        return builder.ToValue();
    }

    private static TemplateException WrongType(string message) => new(TemplateFault.WrongType, message);
}
