namespace EdgeAgent.Mqtt;

/// <summary>One topic filter that a connection subscribes to each time that it connects.</summary>
public sealed record MqttSubscription
{
    /// <summary>The filter, with <c>+</c>, <c>#</c> and <c>$share/…</c> where wanted.</summary>
    public required string Filter { get; init; }

    /// <summary>The highest QoS that we want messages with; default at least once.</summary>
    public MqttQos Qos { get; init; } = MqttQos.AtLeastOnce;

    /// <summary>Our own messages do not come back to us; default false. Not allowed with <c>$share</c>.</summary>
    public bool NoLocal { get; init; }

    /// <summary>
    /// The retain flag arrives as the publisher set it, so that retained requests can be told; default true.
    /// </summary>
    public bool RetainAsPublished { get; init; } = true;

    /// <summary>Which kept messages the broker sends when we subscribe; default: only for a new subscription.</summary>
    public MqttRetained Retained { get; init; } = MqttRetained.SendWhenNew;
}

/// <summary>
/// Which kept messages a broker sends to a subscriber (Retain Handling; the numbers are those of the wire).
/// </summary>
public enum MqttRetained
{
    /// <summary>With every subscribing, so with every reconnect.</summary>
    Send = 0,

    /// <summary>When the session did not have this subscription yet.</summary>
    SendWhenNew = 1,

    /// <summary>Never.</summary>
    DoNotSend = 2,
}
