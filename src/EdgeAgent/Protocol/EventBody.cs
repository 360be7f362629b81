namespace EdgeAgent.Protocol;

/// <summary>The pruning level has changed.</summary>
internal sealed record LevelEventBody
{
    // [P-36]
    public required string Epoch { get; init; }

    /// <summary>Grows by one within an epoch, over all events.</summary>
    public required long Seq { get; init; }

    /// <summary>Unix time in milliseconds.</summary>
    public required long Time { get; init; }

    /// <summary>Whether the clock is known to be right.</summary>
    public required bool TimeOk { get; init; }

    public required int Level { get; init; }

    /// <summary>The level before.</summary>
    public required int From { get; init; }

    /// <summary>What moved it, from a closed list.</summary>
    public required string Cause { get; init; }

    /// <summary>The cause in words, with its figures.</summary>
    public required string Reason { get; init; }
}

/// <summary>A sensor cannot be believed any more, or can again.</summary>
internal sealed record SensorEventBody
{
    // [P-36]
    public required string Epoch { get; init; }

    /// <summary>Grows by one within an epoch, over all events.</summary>
    public required long Seq { get; init; }

    /// <summary>Unix time in milliseconds.</summary>
    public required long Time { get; init; }

    /// <summary>Whether the clock is known to be right.</summary>
    public required bool TimeOk { get; init; }

    /// <summary><c>lost</c>, <c>back</c>, <c>gone</c>, <c>blocked</c> or <c>faulted</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The reading, or the source that is blocked or faulted.</summary>
    public required string Name { get; init; }

    /// <summary>For people: what is wrong and with which file.</summary>
    public required string Detail { get; init; }
}
