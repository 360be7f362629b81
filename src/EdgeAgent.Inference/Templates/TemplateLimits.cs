namespace EdgeAgent.Inference.Templates;

/// <summary>What a chat template may cost (S25); none is an option, because no published template comes near.</summary>
internal static class TemplateLimits
{
    /// <summary>Characters of the template; the longest that we know has 20,000.</summary>
    public const int SourceLength = 64 << 10;

    /// <summary>Nesting of blocks and brackets in the source.</summary>
    public const int SourceDepth = 64;

    /// <summary>Evaluations, statements, iterations and elements handled in one rendering.</summary>
    public const int Steps = 100_000;

    /// <summary>Nested evaluations at one moment, macros included: bounds the use of the stack.</summary>
    public const int Depth = 512;

    /// <summary>Characters of the output, and of every text on the way there.</summary>
    public const int TextLength = 1 << 20;

    /// <summary>Characters read and written by all operations of one rendering together.</summary>
    public const long Characters = 64L << 20;

    /// <summary>Memory that one rendering takes in all, whether it still holds it or not.</summary>
    public const long AllocatedBytes = 64L << 20;

    /// <summary>Characters of a name in the source: each use looks it up in every scope around.</summary>
    public const int NameLength = 256;

    /// <summary>Characters of an error, which may quote a text of the template.</summary>
    public const int ErrorLength = 1000;

    /// <summary>Nesting of a value, in JSON and in lists that a template builds.</summary>
    public const int ValueDepth = 64;
}
