namespace EdgeAgent.Protocol;

/// <summary>The error of a refusal: a code for programs, a message for people.</summary>
/// <param name="RetryAfterMs">Present exactly where <paramref name="Retryable"/> is true.</param>
internal sealed record RefusalError(RefusalCode Code, string Message, bool Retryable, long? RetryAfterMs = null);

/// <summary>What a device gets instead of an answer.</summary>
internal sealed record RefusalBody
{
    public required string Id { get; init; }

    public required StatusCode Status { get; init; }

    public required RefusalError Error { get; init; }

    public static RefusalBody Of(string id, Refusal refusal) => new()
    {
        Id = id,
        Status = refusal.Code.Status(),
        // [P-29] Rounded up: who comes a fraction of a millisecond early is refused again.
        Error = new(
            refusal.Code,
            refusal.Message,
            refusal.Retryable,
            refusal.RetryAfter is { } wait ? (long)Math.Ceiling(wait.TotalMilliseconds) : null),
    };
}
