namespace EdgeAgent.Inference.Templates;

/// <summary>A named piece of template with arguments; the body of a <c>call</c> block is one without a name.</summary>
internal sealed record Macro(
    string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body)
{
    /// <summary>The macro as a value that sees the names around its definition.</summary>
    public CallableValue Close(TemplateScope scope) =>
        new(Name, (state, arguments) => Call(state, scope, arguments));

    private TextValue Call(RenderState state, TemplateScope scope, CallArguments arguments)
    {
        var outer = state.Scope;
        state.Scope = new TemplateScope(scope);
        Bind(state, arguments);
        var value = state.Capture(Body);
        state.Scope = outer;
        return value;
    }

    private void Bind(RenderState state, CallArguments arguments)
    {
        var named = new Dictionary<string, TemplateValue>(arguments.Named);
        // Jinja gives a macro these only where its body names them; a macro that ignores them sees no difference.
        if (named.Remove("caller", out var caller))
        {
            state.Scope.Set("caller", caller);
        }
        for (var i = 0; i < Parameters.Count; i++)
        {
            var (name, otherwise) = Parameters[i];
            var given = i < arguments.Positional.Count ? arguments.Positional[i] : named.GetValueOrDefault(name);
            named.Remove(name);
            given ??= otherwise?.Evaluate(state) ?? new UndefinedValue($"parameter '{name}' was not provided; it");
            state.Scope.Set(name, given);
        }
        if (named.Count > 0 || arguments.Positional.Count > Parameters.Count)
        {
            throw new TemplateException(
                TemplateFault.WrongType,
                $"macro '{Name}' takes {Parameters.Count} arguments; "
                + $"{arguments.Positional.Count} and [{string.Join(", ", named.Keys)}] were given");
        }
    }
}

/// <summary><c>macro … endmacro</c>.</summary>
internal sealed class MacroStatement(Macro macro) : Statement
{
    public override Flow Execute(RenderState state)
    {
        state.Scope.Set(macro.Name, macro.Close(state.Scope));
        return Flow.Next;
    }
}

/// <summary><c>call … endcall</c>: calls a macro that may call the body.</summary>
internal sealed class CallStatement(Expression target, ArgumentList arguments, Macro body) : Statement
{
    public override Flow Execute(RenderState state)
    {
        if (target.Evaluate(state) is not CallableValue callable)
        {
            throw new TemplateException(TemplateFault.WrongType, "a call block needs a macro");
        }
        var given = arguments.Evaluate(state, callable.Name);
        var named = new Dictionary<string, TemplateValue>(given.Named) { ["caller"] = body.Close(state.Scope) };
        var value = callable.Call(state, given with { Named = named });
        state.Output.Append(PythonText.Str(state, value));
        return Flow.Next;
    }
}
