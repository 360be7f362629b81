using System.Text.Json.Serialization;

namespace EdgeAgent.Protocol;

/// <summary>Why the text of an answer ends.</summary>
[JsonConverter(typeof(SnakeCaseConverter<FinishReason>))]
internal enum FinishReason
{
    /// <summary>The model ended it, or a stop string came.</summary>
    Stop,

    /// <summary><c>max_tokens</c> or the context was reached.</summary>
    Length,
}

/// <summary>The tokens that an answer used.</summary>
/// <param name="CachedTokens">Those of the prompt that were already in the KV cache.</param>
internal sealed record AnswerUsage(int PromptTokens, int CompletionTokens, int CachedTokens);

/// <summary>Where the time of an answer went, in milliseconds.</summary>
internal sealed record AnswerTimings
{
    public required double QueueMs { get; init => field = BodyNumbers.Rounded(value, 1); }

    public required double PromptMs { get; init => field = BodyNumbers.Rounded(value, 1); }

    public required double CompletionMs { get; init => field = BodyNumbers.Rounded(value, 1); }
}

/// <summary>The answer to a request, as it is published and as <c>ask --json</c> prints it.</summary>
internal sealed record AnswerBody
{
    // [P-28] The order of the properties is the order of the names in the JSON.
    public required string Id { get; init; }

    public StatusCode Status { get; init; } = StatusCode.Ok;

    public required string Text { get; init; }

    public required FinishReason FinishReason { get; init; }

    /// <summary>Name and version of the package, <c>nano@1.0.0</c>.</summary>
    public required string Model { get; init; }

    /// <summary>The highest pruning level of any token of the answer.</summary>
    public required int Level { get; init; }

    /// <summary>The mean pruning level over the tokens of the answer.</summary>
    public required double LevelMean { get; init => field = BodyNumbers.Rounded(value, 3); }

    /// <summary>Why <see cref="Level"/> was used, from the closed list of [P-38].</summary>
    public required string LevelCause { get; init; }

    public required AnswerUsage Usage { get; init; }

    public required AnswerTimings Timings { get; init; }

    /// <summary>Null, and then absent, where no power sensor measured it.</summary>
    public double? EnergyJoules
    {
        get;
        init => field = value is { } joules && double.IsFinite(joules) ? BodyNumbers.Rounded(joules, 3) : null;
    }

    /// <summary>What of <see cref="EnergyJoules"/> the board draws only while it computes; null where that is not
    /// known.</summary>
    public double? EnergyAboveIdleJoules
    {
        get;
        init => field = value is { } joules && double.IsFinite(joules) ? BodyNumbers.Rounded(joules, 3) : null;
    }
}
