namespace EdgeAgent.Mqtt;

/// <summary>How surely a message arrives; QoS 2 is not used here.</summary>
public enum MqttQos
{
    /// <summary>At most once: lost when the connection is.</summary>
    AtMostOnce = 0,

    /// <summary>At least once: acknowledged, and sent again until it is.</summary>
    AtLeastOnce = 1,
}

/// <summary>One message that the broker handed to us.</summary>
public sealed record MqttMessage
{
    /// <summary>The topic that it was published to.</summary>
    public required string Topic { get; init; }

    /// <summary>The body as it came; may be empty.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The lower of what the publisher used and we subscribed with.</summary>
    public MqttQos Qos { get; init; }

    /// <summary>
    /// With Retain As Published: the publisher asked the broker to keep it. Otherwise: it was kept before we came.
    /// </summary>
    public bool Retain { get; init; }

    /// <summary>The broker tried to deliver it before; false does not prove that it did not.</summary>
    public bool Duplicate { get; init; }

    /// <summary>Where the publisher wants the answer, or null.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>What the answer must repeat; null when the publisher gave none.</summary>
    public ReadOnlyMemory<byte>? CorrelationData { get; init; }

    /// <summary>
    /// What was left of its life when the broker sent it, in whole seconds; null when it does not expire.
    /// </summary>
    public TimeSpan? MessageExpiry { get; init; }

    /// <summary>The publisher's word on the body's format, usually a MIME type, or null.</summary>
    public string? ContentType { get; init; }

    /// <summary>The publisher declared the body to be UTF-8; nobody has checked it.</summary>
    public bool PayloadIsText { get; init; }

    /// <summary>Names and values in the publisher's order; a name may come more than once.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];
}
