namespace EdgeAgent.Protocol;

/// <summary>Who speaks in a message.</summary>
internal enum PromptRole
{
    System,
    User,
    Assistant,
}

/// <summary>One message of a conversation; a bare prompt is one message of the user.</summary>
internal sealed record PromptMessage(PromptRole Role, string Content);

/// <summary>Which lane a request waits in.</summary>
internal enum RequestPriority
{
    Urgent,
    Normal,
    Batch,
}

/// <summary>The pruning levels that a request allows, both ends included; the model's highest level stands for any
/// above it.</summary>
internal readonly record struct LevelRange(int Min, int Max)
{
    /// <summary>Whatever the plan in force says.</summary>
    public static LevelRange Any { get; } = new(0, ProtocolLimits.MaxLevel);
}

/// <summary>A checked request: every value lies in its range, so that nobody behind this room checks again.</summary>
internal sealed record InferenceRequest
{
    public const int DefaultMaxTokens = 512;

    public const int DefaultTimeoutMs = 60_000;

    /// <summary>Unique for its sender within a topic; made by [P-24].</summary>
    public required string Id { get; init; }

    /// <summary>1 to 256 messages, at least one of them not blank.</summary>
    public required IReadOnlyList<PromptMessage> Messages { get; init; }

    /// <summary>Tokens to produce at most, 1 to the limit; default 512, or the limit where that is less.</summary>
    public int MaxTokens { get; init; } = DefaultMaxTokens;

    /// <summary>0 to 2; 0 (the default) takes the likeliest token.</summary>
    public float Temperature { get; init; }

    /// <summary>0 to 1, default 1 (off).</summary>
    public float TopP { get; init; } = 1;

    /// <summary>0 to 1,000,000, default 0 (off); may exceed the vocabulary.</summary>
    public int TopK { get; init; }

    /// <summary>0 to 2^53 − 1; null lets the agent choose.</summary>
    public long? Seed { get; init; }

    /// <summary>At most 8 strings of 1 to 64 bytes.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    public RequestPriority Priority { get; init; } = RequestPriority.Normal;

    public LevelRange Level { get; init; } = LevelRange.Any;

    /// <summary>From receipt to the answer, at most what is left of the Message Expiry; default 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(DefaultTimeoutMs);
}
