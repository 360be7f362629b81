namespace EdgeAgent.Inference.Templates;

/// <summary><c>for … in … if … else</c>.</summary>
internal sealed class LoopStatement(
    IReadOnlyList<string> names,
    bool isTuple,
    Expression source,
    Expression? condition,
    IReadOnlyList<Statement> body,
    IReadOnlyList<Statement> otherwise) : Statement
{
    public override Flow Execute(RenderState state)
    {
        var outer = state.Scope;
        var items = Sequences.Items(state, source.Evaluate(state));
        var loop = new LoopValue(condition is null ? items : Select(state, items));
        var flow = Flow.Next;
        while (flow != Flow.Break && loop.Advance())
        {
            state.Budget.Steps();
            // A fresh scope each time: what one iteration sets, the next does not see.
            state.Scope = new TemplateScope(outer);
            state.Scope.Set("loop", loop);
            Assign(state, names, isTuple, loop.Current);
            flow = ExecuteAll(body, state);
        }
        state.Scope = new TemplateScope(outer);
        if (loop.Items.Count == 0)
        {
            flow = ExecuteAll(otherwise, state);
            state.Scope = outer;
            return flow;
        }
        state.Scope = outer;
        return Flow.Next;
    }

    private List<TemplateValue> Select(RenderState state, IReadOnlyList<TemplateValue> items)
    {
        var outer = state.Scope;
        var kept = new List<TemplateValue>();
        foreach (var item in items)
        {
            state.Scope = new TemplateScope(outer);
            Assign(state, names, isTuple, item);
            if (condition!.Evaluate(state).IsTrue)
            {
                kept.Add(item);
            }
        }
        state.Scope = outer;
        return kept;
    }
}

/// <summary>The name <c>loop</c> inside a loop.</summary>
internal sealed class LoopValue(IReadOnlyList<TemplateValue> items) : TemplateValue
{
    private int _index = -1;
    private TemplateValue? _lastChanged;

    public IReadOnlyList<TemplateValue> Items => items;

    public TemplateValue Current => items[_index];

    public override string TypeName => "LoopContext";

    public bool Advance() => ++_index < items.Count;

    /// <summary>A field, or null.</summary>
    public TemplateValue? Field(string name) => name switch
    {
        "index" => new IntValue(_index + 1),
        "index0" => new IntValue(_index),
        "revindex" => new IntValue(items.Count - _index),
        "revindex0" => new IntValue(items.Count - _index - 1),
        "first" => BoolValue.Of(_index == 0),
        "last" => BoolValue.Of(_index == items.Count - 1),
        "length" => new IntValue(items.Count),
        // Depth counts calls of recursive loops, which are refused.
        "depth" => new IntValue(1),
        "depth0" => new IntValue(0),
        "previtem" => _index > 0 ? items[_index - 1] : new UndefinedValue("there is no previous item; it"),
        "nextitem" => _index + 1 < items.Count ? items[_index + 1] : new UndefinedValue("there is no next item; it"),
        "cycle" => new CallableValue("cycle", Cycle),
        "changed" => new CallableValue("changed", Changed),
        _ => null,
    };

    private TemplateValue Cycle(RenderState state, CallArguments arguments) => arguments.Positional.Count > 0
        ? arguments.Positional[_index % arguments.Positional.Count]
        : throw new TemplateException(TemplateFault.WrongType, "no items for cycling given");

    private BoolValue Changed(RenderState state, CallArguments arguments)
    {
        var value = new ListValue(arguments.Positional, isTuple: true);
        var changed = _lastChanged is null || !Comparisons.AreEqual(state, _lastChanged, value);
        _lastChanged = value;
        return BoolValue.Of(changed);
    }
}
