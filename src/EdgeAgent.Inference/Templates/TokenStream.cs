using System.Runtime.CompilerServices;

namespace EdgeAgent.Inference.Templates;

/// <summary>The tokens of a template, read one by one, with the depth that the parser is at.</summary>
internal sealed class TokenStream(List<TemplateToken> tokens)
{
    private int _at;
    private int _depth;

    public TemplateToken Current => tokens[_at];

    public TemplateToken Following => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public TemplateToken Next()
    {
        var token = tokens[_at];
        _at = Math.Min(_at + 1, tokens.Count - 1);
        return token;
    }

    public bool Skip(TokenKind kind, string text)
    {
        var skipped = Current.Is(kind, text);
        if (skipped)
        {
            Next();
        }
        return skipped;
    }

    public bool SkipOperator(string text) => Skip(TokenKind.Operator, text);

    public bool SkipName(string text) => Skip(TokenKind.Name, text);

    public bool IsOperator(string text) => Current.Is(TokenKind.Operator, text);

    public bool IsName(string text) => Current.Is(TokenKind.Name, text);

    public string Expect(TokenKind kind) => Current.Kind == kind
        ? Next().Text
        : throw Fault(TemplateFault.Syntax, $"expected {kind}, found {Current.Kind} '{Current.Text}'");

    public void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
        {
            throw Fault(TemplateFault.Syntax, $"expected '{text}', found {Current.Kind} '{Current.Text}'");
        }
    }

    /// <summary>Goes one level deeper into the source; the parser calls itself, and the stack is finite.</summary>
    public void Enter()
    {
        if (++_depth > TemplateLimits.SourceDepth * 2 || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Fault(TemplateFault.LimitExceeded, $"nesting above {TemplateLimits.SourceDepth}");
        }
    }

    public void Leave() => _depth--;

    public TemplateException Fault(TemplateFault fault, string what) => new(fault, $"line {Current.Line}: {what}.");
}
