using System.ComponentModel.DataAnnotations;

namespace EdgeAgent.Mqtt;

/// <summary>How one connection to a broker behaves; only the client identifier has no default.</summary>
public sealed record MqttOptions
{
    /// <summary>Name or IP address of the broker; default 127.0.0.1.</summary>
    [MinLength(1)]
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port, 1 to 65535; default 1883.</summary>
    [Range(1, 65535)]
    public int Port { get; init; } = MqttAddress.DefaultPort;

    /// <summary>
    /// The name of our session at the broker, 1 to 256 characters; two clients with one name throw each other out.
    /// </summary>
    [MinLength(1), MaxLength(256)]
    public required string ClientId { get; init; }

    /// <summary>User name, or null for none (default).</summary>
    public string? UserName { get; init; }

    /// <summary>Password, or null for none (default); never logged.</summary>
    public string? Password { get; init; }

    /// <summary>After this time without a word we ask whether the broker is there, 1 s to 18 h; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "18:00:00")]
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the broker keeps session and messages without us, 0 s to 10 years; default 7 days; 0: no session.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Before it leaves, the connection unsubscribes and takes what still comes until it was quiet for so long, 0 s to
    /// 10 s; default 0: it leaves at once, and a session keeps what comes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan LeaveQuiet { get; init; }

    /// <summary>
    /// Messages that we hold before they are acknowledged, 1 to 1024; default 32. The rest waits at the broker, kept
    /// there by
    /// Receive Maximum and by not reading on.
    /// </summary>
    [Range(1, 1024)]
    public int ReceiveMaximumCount { get; init; } = 32;

    /// <summary>
    /// Largest packet both ways in bytes, 1 KiB to 256 MiB; default 2 MiB. A broker drops larger ones without telling
    /// us.
    /// </summary>
    [Range(1024, 268_435_455)]
    public int MaximumPacketSizeBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>What the broker publishes when it loses us without a goodbye, or null for nothing (default).</summary>
    public MqttWill? Will { get; init; }

    /// <summary>
    /// Ceiling of the first wait between two attempts, 1 ms to 1 min; default 500 ms; it doubles from there.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan BackoffMinimum { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Ceiling of every wait, 1 ms to 1 h; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan BackoffMaximum { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The wait after a refusal that only a person can mend, 1 ms to 1 h; default 1 min, so that logs stay readable.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan RefusedRetry { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Seed of the jitter; null (default): made from the client identifier, so that a fleet spreads out.
    /// </summary>
    public int? Seed { get; init; }

    /// <summary>Messages handed over at once, 1 to 1024; default 64.</summary>
    [Range(1, 1024)]
    public int BatchLimitCount { get; init; } = 64;

    /// <summary>
    /// Publishings on their way at once, waiting ones included, 1 to 65535; default 1024; beyond it: QueueFull.
    /// </summary>
    [Range(1, 65535)]
    public int OutgoingLimitCount { get; init; } = 1024;

    /// <summary>From dialling to the broker's answer, 1 ms to 10 min; default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// From publishing to the broker's acknowledgement, 1 ms to 10 min; default 20 s; then the connection is made
    /// anew.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan PublishTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Names broker and client, and never the credentials.</summary>
    public override string ToString() => $"{new MqttAddress(Host, Port)} as {ClientId}";

    /// <summary>Checks every range.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message names each.</exception>
    internal void Verify()
    {
        var faults = new List<ValidationResult>();
        if (!Validator.TryValidateObject(this, new ValidationContext(this), faults, validateAllProperties: true))
        {
            throw new ArgumentException(string.Join(" ", faults.Select(fault => fault.ErrorMessage)));
        }
    }
}

/// <summary>The message that a broker publishes for us when it loses us without a goodbye.</summary>
public sealed record MqttWill
{
    /// <summary>The topic, without wildcards.</summary>
    public required string Topic { get; init; }

    /// <summary>The body; default empty.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Default: at least once.</summary>
    public MqttQos Qos { get; init; } = MqttQos.AtLeastOnce;

    /// <summary>The broker keeps it for later subscribers; default false.</summary>
    public bool Retain { get; init; }

    /// <summary>
    /// How long the broker waits for our return first, in whole seconds, 0 s to 10 years; default 0 s.
    /// </summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The body's format, usually a MIME type, or null.</summary>
    public string? ContentType { get; init; }
}
