namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Why a tokenizer file was refused; the names are stable, logs and answers show them.</summary>
public enum TokenizerFault
{
    /// <summary>Not valid JSON, or a field has the wrong type.</summary>
    Malformed,

    /// <summary>A field that must be there is not.</summary>
    MissingField,

    /// <summary>A size or a count is above its limit.</summary>
    LimitExceeded,

    /// <summary>A part of the format that we do not run, such as an unknown regular expression.</summary>
    Unsupported,

    /// <summary>Two entries share an id or a text.</summary>
    Duplicate,

    /// <summary>A merge, an added token or the unknown token names something that is not in the vocabulary.</summary>
    UnknownToken,
}

/// <summary>The one exception of this room: a tokenizer file that must not be used, with field and reason.</summary>
public sealed class TokenizerException : Exception
{
    /// <summary>Names the fault and, in the message, the field and the limit.</summary>
    public TokenizerException(TokenizerFault fault, string message, Exception? inner = null)
        : base(message, inner) => Fault = fault;

    /// <summary>The kind of fault.</summary>
    public TokenizerFault Fault { get; }
}
