namespace EdgeAgent.Inference.Templates;

/// <summary>A model's chat template: turns messages into the prompt that the model was trained on.</summary>
/// <remarks>
/// An interpreter for the part of Jinja that publishers use, as <c>transformers</c> sets it up. Its values are our own,
/// so a template reaches no .NET object; steps, depth, text and size have limits.
/// Immutable after parsing; may be rendered from several threads at once.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly List<Statement> _statements;

    private ChatTemplate(List<Statement> statements) => _statements = statements;

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">It is not well formed, too large, or uses what we do not run.</exception>
    public static ChatTemplate Parse(string source) => new(TemplateParser.Parse(source));

    /// <summary>The prompt as spans, each of the template or of a message.</summary>
    /// <exception cref="TemplateException">The template refused the messages, failed, or went over a limit.</exception>
    public List<TemplateSpan> Render(TemplateVariables variables, TimeProvider clock) =>
        Render(variables, new RenderState(clock));

    /// <summary>The same, with a state that tells afterwards what it has cost.</summary>
    internal List<TemplateSpan> Render(TemplateVariables variables, RenderState state)
    {
        foreach (var (name, value) in variables.Values)
        {
            state.Scope.Set(name, value);
        }
        Statement.ExecuteAll(_statements, state);
        return state.Output.ToSpans();
    }
}
