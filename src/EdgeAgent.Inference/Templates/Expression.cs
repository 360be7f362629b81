namespace EdgeAgent.Inference.Templates;

/// <summary>A part of a template that has a value.</summary>
internal abstract class Expression
{
    /// <summary>The value, within the budget of the rendering.</summary>
    public TemplateValue Evaluate(RenderState state)
    {
        state.Budget.Enter();
        var value = Compute(state);
        state.Budget.Leave();
        return value;
    }

    protected abstract TemplateValue Compute(RenderState state);
}

/// <summary>A value that stands in the template.</summary>
internal sealed class ConstantExpression(TemplateValue value) : Expression
{
    protected override TemplateValue Compute(RenderState state) => value;
}

/// <summary>A name.</summary>
internal sealed class NameExpression(string name) : Expression
{
    public string Name => name;

    protected override TemplateValue Compute(RenderState state) =>
        state.Scope.Find(name) ?? Functions.Find(name) ?? new UndefinedValue($"'{name}'");
}

/// <summary>A list or tuple.</summary>
internal sealed class ListExpression(IReadOnlyList<Expression> items, bool isTuple) : Expression
{
    public IReadOnlyList<Expression> Items => items;

    public bool IsTuple => isTuple;

    protected override TemplateValue Compute(RenderState state) =>
        new ListValue([.. items.Select(item => item.Evaluate(state))], isTuple);
}

/// <summary>Keys and values.</summary>
internal sealed class DictExpression(IReadOnlyList<(Expression Key, Expression Value)> items) : Expression
{
    protected override TemplateValue Compute(RenderState state)
    {
        var dict = new DictValue();
        foreach (var (key, value) in items)
        {
            var evaluated = key.Evaluate(state);
            state.Budget.Key(evaluated);
            dict.Items[evaluated] = value.Evaluate(state);
        }
        return dict;
    }
}

/// <summary><c>a if b else c</c>.</summary>
internal sealed class ConditionExpression(Expression condition, Expression then, Expression? otherwise) : Expression
{
    protected override TemplateValue Compute(RenderState state)
    {
        if (condition.Evaluate(state).IsTrue)
        {
            return then.Evaluate(state);
        }
        return otherwise?.Evaluate(state) ?? new UndefinedValue("the inline if-expression without else");
    }
}

/// <summary><c>and</c>, <c>or</c>: the value that decides.</summary>
internal sealed class LogicExpression(Expression left, Expression right, bool isAnd) : Expression
{
    protected override TemplateValue Compute(RenderState state)
    {
        var value = left.Evaluate(state);
        return value.IsTrue == isAnd ? right.Evaluate(state) : value;
    }
}

/// <summary><c>not</c>.</summary>
internal sealed class NotExpression(Expression operand) : Expression
{
    protected override TemplateValue Compute(RenderState state) => BoolValue.Of(!operand.Evaluate(state).IsTrue);
}

/// <summary>A chain of comparisons, <c>a &lt; b in c</c>.</summary>
internal sealed class CompareExpression(
    Expression first, IReadOnlyList<(string Operator, Expression Operand)> rest) : Expression
{
    protected override TemplateValue Compute(RenderState state)
    {
        var left = first.Evaluate(state);
        foreach (var (comparison, operand) in rest)
        {
            var right = operand.Evaluate(state);
            if (!Comparisons.Holds(state, comparison, left, right))
            {
                return BoolValue.False;
            }
            left = right;
        }
        return BoolValue.True;
    }
}

/// <summary>Arithmetic, and <c>+ * %</c> of texts and lists.</summary>
internal sealed class BinaryExpression(string operation, Expression left, Expression right) : Expression
{
    protected override TemplateValue Compute(RenderState state) =>
        Arithmetic.Compute(state, operation, left.Evaluate(state), right.Evaluate(state));
}

/// <summary>A sign before a number.</summary>
internal sealed class SignExpression(Expression operand, bool negative) : Expression
{
    protected override TemplateValue Compute(RenderState state) => Arithmetic.Sign(operand.Evaluate(state), negative);
}

/// <summary><c>a ~ b</c>: the texts of both.</summary>
internal sealed class ConcatExpression(IReadOnlyList<Expression> parts) : Expression
{
    protected override TemplateValue Compute(RenderState state)
    {
        var builder = new TextBuilder(state);
        foreach (var part in parts)
        {
            builder.Append(PythonText.Str(state, part.Evaluate(state)));
        }
        return builder.ToValue();
    }
}

/// <summary><c>a.b</c>.</summary>
internal sealed class AttributeExpression(Expression target, string name) : Expression
{
    protected override TemplateValue Compute(RenderState state) => Attributes.Get(target.Evaluate(state), name);
}

/// <summary><c>a[b]</c>.</summary>
internal sealed class ItemExpression(Expression target, Expression key) : Expression
{
    protected override TemplateValue Compute(RenderState state) =>
        Attributes.Item(state, target.Evaluate(state), key.Evaluate(state));
}

/// <summary><c>a[b:c:d]</c>.</summary>
internal sealed class SliceExpression(
    Expression target, Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override TemplateValue Compute(RenderState state) => Slices.Of(
        state, target.Evaluate(state), start?.Evaluate(state), stop?.Evaluate(state), step?.Evaluate(state));
}

/// <summary>The arguments as the template writes them.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    public CallArguments Evaluate(RenderState state, string callee)
    {
        var named = new Dictionary<string, TemplateValue>();
        var positional = new List<TemplateValue>(Positional.Count);
        foreach (var argument in Positional)
        {
            positional.Add(argument.Evaluate(state));
        }
        foreach (var (name, value) in Named)
        {
            named[name] = value.Evaluate(state);
        }
        return new CallArguments(callee, positional, named);
    }
}

/// <summary><c>a(b, c=d)</c>.</summary>
internal sealed class CallExpression(Expression target, ArgumentList arguments) : Expression
{
    protected override TemplateValue Compute(RenderState state)
    {
        switch (target.Evaluate(state))
        {
            case CallableValue callable:
                return callable.Call(state, arguments.Evaluate(state, callable.Name));
            case UndefinedValue undefined:
                throw undefined.Fault();
            case var other:
                throw new TemplateException(TemplateFault.WrongType, $"'{other.TypeName}' object is not callable");
        }
    }
}

/// <summary><c>a | filter(b)</c>.</summary>
internal sealed class FilterExpression(
    Expression? operand, string name, Filter filter, ArgumentList arguments) : Expression
{
    protected override TemplateValue Compute(RenderState state) => Apply(state, operand!.Evaluate(state));

    /// <summary>The value of another operand than the one that stands in the template.</summary>
    public TemplateValue Apply(RenderState state, TemplateValue value) =>
        filter(state, value, arguments.Evaluate(state, name));
}

/// <summary><c>a is test(b)</c>.</summary>
internal sealed class TestExpression(
    Expression operand, string name, ValueTest test, ArgumentList arguments, bool negated) : Expression
{
    protected override TemplateValue Compute(RenderState state)
    {
        var value = operand.Evaluate(state);
        var given = arguments.Evaluate(state, name);
        given.RequireAtMost(TestTable.ArgumentCount(name), [.. given.Named.Keys]);
        return BoolValue.Of(test(state, value, given) != negated);
    }
}
