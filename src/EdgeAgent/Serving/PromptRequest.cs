using EdgeAgent.Pruning;

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

    /// <summary>Tokens of the answer at most, at least 1.</summary>
    public required int MaximumTokens { get; init; }

    /// <summary>Texts that end the answer and are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>0 to 2; 0 takes the likeliest token.</summary>
    public float Temperature { get; init; }

    /// <summary>0 to 1; 1 is off.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>0 is off.</summary>
    public int TopK { get; init; }

    public long Seed { get; init; }

    public Lane Lane { get; init; } = Lane.Normal;

    /// <summary>The pruning levels that the request allows, both ends included.</summary>
    public (int Min, int Max) Levels { get; init; } = (0, int.MaxValue);

    /// <summary>Whose wish the least level of <see cref="Levels"/> is.</summary>
    public LevelCause LevelCause { get; init; } = LevelCause.Request;

    /// <summary>From receipt to the answer.</summary>
    public required TimeSpan Timeout { get; init; }
}

/// <summary>What became of a request: an answer or a refusal.</summary>
internal abstract record PromptResult;

/// <summary>The answer to a prompt.</summary>
internal sealed record PromptAnswer : PromptResult
{
    public required string Text { get; init; }

    /// <summary>True where the model or a stop string ended it, false where a limit did.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>The highest pruning level of any token.</summary>
    public required int Level { get; init; }

    /// <summary>The mean pruning level over the tokens of the answer.</summary>
    public required double LevelMean { get; init; }

    /// <summary>Why <see cref="Level"/> was used.</summary>
    public required LevelCause LevelCause { get; init; }

    public required int PromptTokens { get; init; }

    public required int CompletionTokens { get; init; }

    public required TimeSpan QueueTime { get; init; }

    public required TimeSpan PromptTime { get; init; }

    public required TimeSpan CompletionTime { get; init; }

    /// <summary>Null where no power sensor measured it.</summary>
    public EnergyUse? Energy { get; init; }
}

/// <summary>Why a prompt got no answer; the name is what logs and answers show.</summary>
internal enum ServingFault
{
    QueueFull,

    /// <summary>The board needs all it has for what it has taken in.</summary>
    Overloaded,
    Expired,
    Cancelled,
    ContextExceeded,

    /// <summary>The chat template of the model takes no such conversation.</summary>
    PromptRefused,
    ShuttingDown,
    Failed,
}

/// <summary>A prompt that got no answer: what, why, and what to do.</summary>
/// <param name="RetryAfter">When to send it again, where that is known.</param>
internal sealed record PromptRefusal(ServingFault Fault, string Message, TimeSpan? RetryAfter = null) : PromptResult;
