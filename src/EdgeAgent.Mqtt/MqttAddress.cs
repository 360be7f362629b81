using System.Diagnostics.CodeAnalysis;

namespace EdgeAgent.Mqtt;

/// <summary>Where a broker listens, read from <c>mqtt://host[:port]</c>.</summary>
/// <param name="Host">Name or IP address; an IPv6 address without its brackets.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
public sealed record MqttAddress(string Host, int Port)
{
    /// <summary>The port that IANA registered for MQTT.</summary>
    public const int DefaultPort = 1883;

    /// <summary>
    /// Reads a URL; <paramref name="fault"/> says what is wrong and what to do, and never repeats a password.
    /// </summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out MqttAddress? address, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        fault = FaultOf(text, out var uri);
        if (fault is not null)
        {
            return false;
        }
        address = new MqttAddress(uri!.IdnHost.Trim('[', ']'), uri.Port < 0 ? DefaultPort : uri.Port);
        return true;
    }

    /// <summary>The URL that reads back to this address.</summary>
    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"mqtt://[{Host}]:{Port}" : $"mqtt://{Host}:{Port}";

    private static string? FaultOf(string text, out Uri? uri)
    {
        // First of all, so that no other message can repeat a password.
        if (text.Contains('@', StringComparison.Ordinal))
        {
            uri = null;
            return "A broker URL must not hold a user or a password, because URLs stand in process lists and logs; "
                + "give them as settings of their own.";
        }
        if (!Uri.TryCreate(text, UriKind.Absolute, out uri) || uri.Host.Length == 0 || uri.Port == 0)
        {
            return $"'{text}' is no broker URL; write mqtt://host:port, for example mqtt://127.0.0.1:1883.";
        }
        return uri switch
        {
            { Scheme: "mqtts" } => $"'{text}': TLS is not built yet; use mqtt:// in a network that you trust.",
            { Scheme: not "mqtt" } => $"'{text}': '{uri.Scheme}' is not spoken here; write mqtt://host:port.",
            _ when uri.AbsolutePath.Length > 1 || uri.Query.Length > 0 || uri.Fragment.Length > 0 =>
                $"'{text}': nothing may follow the port; write mqtt://host:port.",
            _ => null,
        };
    }
}
