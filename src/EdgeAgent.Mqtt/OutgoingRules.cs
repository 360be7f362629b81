using System.Text;

namespace EdgeAgent.Mqtt;

/// <summary>
/// What MQTT 5 itself forbids in a message to publish, and how large its packet becomes: decided before anything is
/// sent.
/// </summary>
/// <remarks>
/// A broker answers a forbidden packet by closing the connection, so one bad message would stop all the others.
/// </remarks>
internal static class OutgoingRules
{
    private const int MaximumStringBytes = 65535;

    /// <summary>What is wrong with the message, or null.</summary>
    public static string? FaultOf(MqttOutgoing message)
    {
        if (message.Topic.Length == 0 || message.Topic.AsSpan().ContainsAny('+', '#'))
        {
            return "a topic to publish to must not be empty or hold wildcards";
        }
        if (message.CorrelationData?.Length > MaximumStringBytes)
        {
            return $"correlation data is longer than {MaximumStringBytes} bytes";
        }
        if (message.MessageExpiry?.TotalSeconds is < 1 or > uint.MaxValue)
        {
            return "a message expiry must be from one second to 136 years";
        }
        return Strings(message).Any(IsForbidden)
            ? $"a string holds U+0000, half a surrogate pair, or more than {MaximumStringBytes} bytes"
            : null;
    }

    /// <summary>
    /// Bytes of the PUBLISH packet (section 3.3 of the standard), at most a few more than the true size.
    /// </summary>
    public static long PacketSizeBytes(MqttOutgoing message)
    {
        const int header = 1 + 4, packetIdentifier = 2, propertiesLength = 4, format = 1 + 1, expiry = 1 + 4;
        long size = header + packetIdentifier + propertiesLength + format + expiry;
        // A string costs its two bytes of length, and a property one more for its name on the wire.
        size += Strings(message).Sum(text => 3L + Encoding.UTF8.GetByteCount(text));
        size += message.CorrelationData is { } correlation ? 3 + correlation.Length : 0;
        return size + message.Payload.Length;
    }

    private static IEnumerable<string> Strings(MqttOutgoing message)
    {
        yield return message.Topic;
        yield return message.ResponseTopic ?? "";
        yield return message.ContentType ?? "";
        foreach (var (name, value) in message.UserProperties)
        {
            yield return name;
            yield return value;
        }
    }

    private static bool IsForbidden(string text) =>
        text.Contains('\0', StringComparison.Ordinal) || HasLoneSurrogate(text)
        || Encoding.UTF8.GetByteCount(text) > MaximumStringBytes;

    private static bool HasLoneSurrogate(string text)
    {
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var used) != System.Buffers.OperationStatus.Done)
            {
                return true;
            }
            rest = rest[used..];
        }
        return false;
    }
}
