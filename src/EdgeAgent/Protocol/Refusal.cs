using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeAgent.Protocol;

/// <summary>The statuses of the wire, with the meaning that HTTP gave their numbers.</summary>
internal enum StatusCode
{
    Ok = 200,
    Queued = 202,
    BadRequest = 400,
    Expired = 408,
    Conflict = 409,
    TooLarge = 413,
    UnsupportedType = 415,
    Busy = 429,
    Cancelled = 499,
    Failed = 500,
    Unavailable = 503,
}

/// <summary>Why a request got no answer: the closed list that answers, logs and metrics show.</summary>
[JsonConverter(typeof(SnakeCaseConverter<RefusalCode>))]
internal enum RefusalCode
{
    InvalidUtf8,
    InvalidJson,
    InvalidField,
    MissingPrompt,
    UnsupportedField,
    ContextLengthExceeded,
    InvalidResponseTopic,
    InvalidCorrelationData,
    RetainedRequest,
    Expired,
    DuplicateId,
    PayloadTooLarge,
    UnsupportedContentType,
    QueueFull,
    Overloaded,
    Cancelled,
    InternalError,
    ShuttingDown,
    ModelUnavailable,
}

/// <summary>The status and the waiting time of every refusal code.</summary>
internal static class RefusalCodes
{
    /// <summary>The status that goes with a code.</summary>
    public static StatusCode Status(this RefusalCode code) => code switch
    {
        RefusalCode.Expired => StatusCode.Expired,
        RefusalCode.DuplicateId => StatusCode.Conflict,
        RefusalCode.PayloadTooLarge => StatusCode.TooLarge,
        RefusalCode.UnsupportedContentType => StatusCode.UnsupportedType,
        RefusalCode.QueueFull => StatusCode.Busy,
        RefusalCode.Cancelled => StatusCode.Cancelled,
        RefusalCode.InternalError => StatusCode.Failed,
        RefusalCode.ShuttingDown or RefusalCode.ModelUnavailable or RefusalCode.Overloaded => StatusCode.Unavailable,
        _ => StatusCode.BadRequest,
    };

    /// <summary>How long a device waits before it sends the same request again, where nothing better is known; null
    /// where the same request would be refused again.</summary>
    public static TimeSpan? DefaultRetryAfter(this RefusalCode code) => code switch
    {
        RefusalCode.Expired or RefusalCode.QueueFull => TimeSpan.FromSeconds(1),
        RefusalCode.ShuttingDown or RefusalCode.ModelUnavailable or RefusalCode.Overloaded => TimeSpan.FromSeconds(5),
        _ => null,
    };
}

/// <summary>Why one request is not answered: a code for programs, a message for people.</summary>
internal sealed record Refusal
{
    /// <param name="message">What is wrong, why, and what to do.</param>
    /// <param name="retryAfter">Ignored where the code is not retryable; negative counts as zero.</param>
    public Refusal(RefusalCode code, string message, TimeSpan? retryAfter = null)
    {
        Code = code;
        Message = message;
        // [P-29]
        RetryAfter = code.DefaultRetryAfter() is { } fallback ? Max(retryAfter ?? fallback, TimeSpan.Zero) : null;
    }

    public RefusalCode Code { get; }

    public string Message { get; }

    /// <summary>When to try again; null where it would not help.</summary>
    public TimeSpan? RetryAfter { get; }

    public bool Retryable => RetryAfter is not null;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}

/// <summary>Writes an enum by its name in snake_case and reads nothing else.</summary>
internal sealed class SnakeCaseConverter<TEnum>()
    : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where TEnum : struct, Enum;
