using System.Diagnostics.CodeAnalysis;

namespace EdgeAgent.Protocol;

/// <summary>A request as MQTT delivered it, with what the check needs and nothing more.</summary>
internal readonly ref struct IncomingRequest
{
    /// <summary>The bytes of the message; nothing refers to them after the call.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>The id of [P-24] where the sender gave none.</summary>
    public required string FallbackId { get; init; }

    /// <summary>The last level of the topic, where there is one.</summary>
    public string? Client { get; init; }

    public string? ContentType { get; init; }

    public ReadOnlySpan<byte> CorrelationData { get; init; }

    public string? ResponseTopic { get; init; }

    public bool Retained { get; init; }

    /// <summary>What the broker left of the Message Expiry Interval, in seconds; null where none was set.</summary>
    public uint? ExpirySeconds { get; init; }
}

/// <summary>The outcome of checking a request: either a request to serve or a refusal to publish.</summary>
internal sealed record RequestVerdict
{
    /// <summary>The id that the answer or refusal carries.</summary>
    public required string Id { get; init; }

    /// <summary>Where the answer or refusal goes; always a topic that may be published to.</summary>
    public required string ResponseTopic { get; init; }

    public InferenceRequest? Request { get; init; }

    public Refusal? Refusal { get; init; }

    public UnknownFields Unknown { get; init; } = UnknownFields.None;

    [MemberNotNullWhen(true, nameof(Request))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Accepted => Refusal is null;
}
