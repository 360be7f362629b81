namespace EdgeAgent.Mqtt;

/// <summary>One message to publish.</summary>
public sealed record MqttOutgoing
{
    /// <summary>The topic, without wildcards; at most 65535 bytes of UTF-8.</summary>
    public required string Topic { get; init; }

    /// <summary>The body; must not change until the publishing has completed.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Default: at least once.</summary>
    public MqttQos Qos { get; init; } = MqttQos.AtLeastOnce;

    /// <summary>The broker keeps it for later subscribers; default false.</summary>
    public bool Retain { get; init; }

    /// <summary>Where we want an answer, or null.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>What an answer must repeat, or what this answer repeats; at most 65535 bytes; null for none.</summary>
    public ReadOnlyMemory<byte>? CorrelationData { get; init; }

    /// <summary>
    /// How long the broker may hold it for an absent subscriber, from one second, sent in whole seconds; null: for
    /// ever.
    /// </summary>
    public TimeSpan? MessageExpiry { get; init; }

    /// <summary>The body's format, usually a MIME type, or null.</summary>
    public string? ContentType { get; init; }

    /// <summary>Declares the body to be UTF-8; default false.</summary>
    public bool PayloadIsText { get; init; }

    /// <summary>Names and values that subscribers get in this order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];
}

/// <summary>How a publishing ended.</summary>
public enum MqttPublishOutcome
{
    /// <summary>QoS 1: the broker acknowledged it. QoS 0: it was given to the network.</summary>
    Delivered,

    /// <summary>The broker, or a rule of MQTT, refuses this message; the same message will be refused again.</summary>
    Refused,

    /// <summary>Larger than the broker's Maximum Packet Size or our own limit; not sent.</summary>
    TooLarge,

    /// <summary>There is no connection; not sent.</summary>
    NotConnected,

    /// <summary>The outgoing queue is at its limit; not sent.</summary>
    QueueFull,

    /// <summary>The connection broke before the acknowledgement; the broker may have it.</summary>
    ConnectionLost,

    /// <summary>No acknowledgement in time; the broker may have it.</summary>
    TimedOut,
}

/// <summary>The verdict on one publishing.</summary>
/// <param name="Outcome">What became of the message.</param>
/// <param name="ReasonCode">The broker's MQTT reason code, or null where no broker spoke.</param>
/// <param name="Reason">The reason in words, for logs; empty when all went well.</param>
public readonly record struct MqttPublishResult(MqttPublishOutcome Outcome, int? ReasonCode, string Reason)
{
    /// <summary>The message is in the broker's hands.</summary>
    public bool IsDelivered => Outcome == MqttPublishOutcome.Delivered;
}
