namespace EdgeAgent.Mqtt;

/// <summary>
/// The reason codes of MQTT 5 (section 2.4 of the standard) in words, and which of them only a person can mend.
/// </summary>
internal static class ReasonCodes
{
    public const int NoMatchingSubscribers = 0x10;
    public const int UnspecifiedError = 0x80;
    public const int UnsupportedProtocolVersion = 0x84;
    public const int SessionTakenOver = 0x8E;

    /// <summary>The code in words, with what to do where that is known.</summary>
    public static string Words(int code) => code switch
    {
        0x00 => "success",
        NoMatchingSubscribers => "no matching subscribers",
        UnspecifiedError => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "implementation specific error",
        UnsupportedProtocolVersion =>
            "unsupported protocol version: the broker speaks no MQTT 5; use one that does (Mosquitto 1.6 or later)",
        0x85 => "client identifier not valid",
        0x86 => "bad user name or password",
        0x87 => "not authorized",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8A => "banned",
        0x8B => "server shutting down",
        0x8C => "bad authentication method",
        0x8D => "keep alive timeout",
        SessionTakenOver => "session taken over: another client uses the same client identifier",
        0x8F => "topic filter invalid",
        0x90 => "topic name invalid",
        0x91 => "packet identifier in use",
        0x93 => "receive maximum exceeded",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format invalid",
        0x9A => "retain not supported",
        0x9B => "QoS not supported",
        0x9C => "use another server",
        0x9D => "server moved",
        0x9E => "shared subscriptions not supported",
        0x9F => "connection rate exceeded",
        0xA0 => "maximum connect time",
        0xA1 => "subscription identifiers not supported",
        0xA2 => "wildcard subscriptions not supported",
        _ => "a reason that MQTT 5 does not name",
    } + $" (0x{code:X2})";

    /// <summary>Trying again soon cannot help: a person must change a setting first.</summary>
    public static bool NeedsAPerson(int code) => code
        is UnsupportedProtocolVersion or 0x85 or 0x86 or 0x87 or 0x8A or 0x8C
        or SessionTakenOver or 0x8F or 0x90 or 0x9A or 0x9B or 0x9C or 0x9D or 0x9E or 0xA2;
}
