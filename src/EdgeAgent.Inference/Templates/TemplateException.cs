namespace EdgeAgent.Inference.Templates;

/// <summary>Why a chat template was refused or did not finish; logs and answers show these names.</summary>
public enum TemplateFault
{
    /// <summary>The template is not well formed.</summary>
    Syntax,

    /// <summary>The template uses a part of the language that chat templates do not need.</summary>
    Unsupported,

    /// <summary>Steps, depth, text or size above a limit.</summary>
    LimitExceeded,

    /// <summary>An operation met a value of the wrong type.</summary>
    WrongType,

    /// <summary>Something that does not exist was used as if it did.</summary>
    Undefined,

    /// <summary>The template itself refused the messages (<c>raise_exception</c>).</summary>
    Raised,

    /// <summary>The messages or variables are no valid JSON of the right form.</summary>
    Input,
}

/// <summary>The one exception of this room: a template or its messages cannot become a prompt.</summary>
public sealed class TemplateException : Exception
{
    /// <summary>Names the fault.</summary>
    public TemplateException(TemplateFault fault, string message, Exception? inner = null)
        : base(Shorten(message, TemplateLimits.ErrorLength), inner) => Fault = fault;

    /// <summary>The kind of fault.</summary>
    public TemplateFault Fault { get; }

    /// <summary>The beginning of what is too long for an error.</summary>
    internal static string Shorten(string text, int length) => text.Length <= length ? text : text[..length] + "…";
}
