using EdgeAgent.Inference;

namespace EdgeAgent.Serving;

/// <summary>The lane that a request waits in: all of one lane go before any of the next.</summary>
internal enum Lane
{
    Urgent,
    Normal,
    Batch,
}

/// <summary>One prompt to answer, checked by whoever took it in.</summary>
internal sealed record PromptRequest
{
    public required IReadOnlyList<(string Role, string Content)> Messages { get; init; }

    public GenerationOptions Generation { get; init; } = new();

    public Lane Lane { get; init; } = Lane.Normal;

    /// <summary>The pruning levels that the request allows, both ends included.</summary>
    public (int Min, int Max) Levels { get; init; } = (0, int.MaxValue);

    /// <summary>From receipt to the answer.</summary>
    public required TimeSpan Timeout { get; init; }
}

/// <summary>What became of a request: an answer or a refusal.</summary>
internal abstract record PromptResult;

/// <summary>The answer to a prompt.</summary>
internal sealed record PromptAnswer : PromptResult
{
    public required string Text { get; init; }

    public required GenerationEnd End { get; init; }

    /// <summary>The highest pruning level of any token.</summary>
    public required int Level { get; init; }

    /// <summary>The mean pruning level over the tokens of the answer.</summary>
    public required double LevelMean { get; init; }

    public required int PromptTokens { get; init; }

    public required int CompletionTokens { get; init; }

    public required TimeSpan QueueTime { get; init; }

    public required TimeSpan PromptTime { get; init; }

    public required TimeSpan CompletionTime { get; init; }
}

/// <summary>Why a prompt got no answer; the name is what logs and answers show.</summary>
internal enum ServingFault
{
    QueueFull,
    Expired,
    Cancelled,
    ContextExceeded,
    ShuttingDown,
    Failed,
}

/// <summary>A prompt that got no answer: what, why, and what to do.</summary>
internal sealed record PromptRefusal(ServingFault Fault, string Message) : PromptResult;
