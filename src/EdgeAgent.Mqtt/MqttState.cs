namespace EdgeAgent.Mqtt;

/// <summary>What a connection is doing.</summary>
public enum MqttStateKind
{
    /// <summary>Trying to reach the broker.</summary>
    Connecting,

    /// <summary>Connected and subscribed.</summary>
    Connected,

    /// <summary>Not connected, tries again by itself.</summary>
    Disconnected,

    /// <summary>
    /// The broker does not want us (credentials, rights, another client with our name); a person must act, tried
    /// again slowly.
    /// </summary>
    Refused,

    /// <summary>Stopped because the owner wished it.</summary>
    Stopped,
}

/// <summary>A change that a connection reports.</summary>
/// <param name="Kind">What it is doing now.</param>
/// <param name="Reason">Why, in words for logs and status lines; holds no credentials.</param>
public sealed record MqttState(MqttStateKind Kind, string Reason)
{
    /// <summary>The MQTT reason code behind it, or null where no broker spoke.</summary>
    public int? ReasonCode { get; init; }

    /// <summary>Connected: the broker still had our session, and sends what we have not acknowledged.</summary>
    public bool SessionPresent { get; init; }

    /// <summary>Disconnected or refused: when it will try again.</summary>
    public TimeSpan? RetryIn { get; init; }
}

/// <summary>What a connection calls; one call at a time, all from its own loop.</summary>
/// <remarks>
/// An exception of <see cref="Received"/> is an expected outcome. One of the others is a fault of the program and
/// ends the loop.
/// </remarks>
public sealed record MqttCallbacks
{
    /// <summary>
    /// Takes a batch in the order of receipt. The messages are acknowledged after it returned; when it throws they
    /// are not, the
    /// connection is made anew and the broker sends them (QoS 1) again. Nothing else arrives meanwhile, not even the
    /// acknowledgement of a publishing: commit and return, and await no <see cref="MqttConnection.PublishAsync"/>
    /// inside.
    /// </summary>
    public required Func<IReadOnlyList<MqttMessage>, ValueTask> Received { get; init; }

    /// <summary>Told of every change; must not block.</summary>
    public Action<MqttState>? StateChanged { get; init; }

    /// <summary>
    /// Called at least once a second while the loop is alive, connected or not, but not during <see
    /// cref="Received"/>.
    /// </summary>
    public Action? Progressed { get; init; }

    /// <summary>Gives the last message of a clean stop, sent before DISCONNECT, or null for none.</summary>
    public Func<MqttOutgoing?>? Farewell { get; init; }
}
