namespace EdgeAgent.Inference.Templates;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Next, Break, Continue,
}

/// <summary>A part of a template that does something.</summary>
internal abstract class Statement
{
    /// <summary>Does it, within the budget of the rendering.</summary>
    public abstract Flow Execute(RenderState state);

    /// <summary>Does statements until one leaves its loop.</summary>
    public static Flow ExecuteAll(IReadOnlyList<Statement> statements, RenderState state)
    {
        var flow = Flow.Next;
        for (var i = 0; i < statements.Count && flow == Flow.Next; i++)
        {
            state.Budget.Enter();
            flow = statements[i].Execute(state);
            state.Budget.Leave();
        }
        return flow;
    }

    /// <summary>Gives values to names: one to one, or the items of a list to several.</summary>
    public static void Assign(RenderState state, IReadOnlyList<string> names, bool isTuple, TemplateValue value)
    {
        if (!isTuple)
        {
            state.Scope.Set(names[0], value);
            return;
        }
        var items = Sequences.Items(state, value);
        if (items.Count != names.Count)
        {
            throw new TemplateException(
                TemplateFault.WrongType, $"{names.Count} names cannot take {items.Count} values");
        }
        for (var i = 0; i < names.Count; i++)
        {
            state.Scope.Set(names[i], items[i]);
        }
    }
}

/// <summary>Text of the template.</summary>
internal sealed class LiteralStatement(string text) : Statement
{
    public override Flow Execute(RenderState state)
    {
        state.Output.Append(text, fromTemplate: true);
        return Flow.Next;
    }
}

/// <summary><c>{{ … }}</c>.</summary>
internal sealed class PrintStatement(Expression expression) : Statement
{
    public override Flow Execute(RenderState state)
    {
        state.Output.Append(PythonText.Str(state, expression.Evaluate(state)));
        return Flow.Next;
    }
}

/// <summary><c>if … elif … else</c>.</summary>
internal sealed class IfStatement(
    IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> branches,
    IReadOnlyList<Statement> otherwise) : Statement
{
    public override Flow Execute(RenderState state)
    {
        foreach (var (condition, body) in branches)
        {
            if (condition.Evaluate(state).IsTrue)
            {
                return ExecuteAll(body, state);
            }
        }
        return ExecuteAll(otherwise, state);
    }
}

/// <summary><c>break</c> and <c>continue</c>.</summary>
internal sealed class LeaveStatement(Flow flow) : Statement
{
    public override Flow Execute(RenderState state) => flow;
}

/// <summary><c>set a = …</c>, <c>set a, b = …</c>.</summary>
internal sealed class SetStatement(IReadOnlyList<string> names, bool isTuple, Expression value) : Statement
{
    public override Flow Execute(RenderState state)
    {
        Assign(state, names, isTuple, value.Evaluate(state));
        return Flow.Next;
    }
}

/// <summary><c>set space.field = …</c>.</summary>
internal sealed class SetFieldStatement(string name, string field, Expression value) : Statement
{
    public override Flow Execute(RenderState state)
    {
        if (state.Scope.Find(name) is not NamespaceValue space)
        {
            throw new TemplateException(TemplateFault.WrongType, "cannot assign attribute on non-namespace object");
        }
        space.Fields[field] = value.Evaluate(state);
        return Flow.Next;
    }
}

/// <summary><c>set a … endset</c>: the output of the body.</summary>
internal sealed class SetBlockStatement(
    string name, FilterExpression? filter, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Execute(RenderState state)
    {
        var outer = state.Scope;
        state.Scope = new TemplateScope(outer);
        TemplateValue value = state.Capture(body);
        state.Scope = outer;
        outer.Set(name, filter is null ? value : filter.Apply(state, value));
        return Flow.Next;
    }
}

/// <summary><c>filter f … endfilter</c>: the body's output, filtered.</summary>
internal sealed class FilterBlockStatement(FilterExpression filter, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Execute(RenderState state)
    {
        var outer = state.Scope;
        state.Scope = new TemplateScope(outer);
        var value = filter.Apply(state, state.Capture(body));
        state.Scope = outer;
        state.Output.Append(PythonText.Str(state, value));
        return Flow.Next;
    }
}

/// <summary><c>with a = … endwith</c>: names for the body only; <c>generation</c> is one without names.</summary>
internal sealed class WithStatement(
    IReadOnlyList<(string Name, Expression Value)> names, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Execute(RenderState state)
    {
        var outer = state.Scope;
        var inner = new TemplateScope(outer);
        foreach (var (name, value) in names)
        {
            inner.Set(name, value.Evaluate(state));
        }
        state.Scope = inner;
        var flow = ExecuteAll(body, state);
        state.Scope = outer;
        return flow;
    }
}
