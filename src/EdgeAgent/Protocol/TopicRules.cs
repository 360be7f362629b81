using System.Buffers;
using System.Text;

namespace EdgeAgent.Protocol;

/// <summary>Which strings may be names and topics; each method gives the fault in words, or null.</summary>
internal static class TopicRules
{
    private static readonly SearchValues<char> Separators = SearchValues.Create("/+#");

    /// <summary>The fault of a device, client, stream or event name, which is one level of a topic.</summary>
    public static string? FaultOfName(string name)
    {
        // [P-01]
        if (name.Length == 0)
        {
            return "it is empty";
        }
        if (name.AsSpan().ContainsAny(Separators))
        {
            return "it contains '/', '+' or '#', which separate or match levels of a topic";
        }
        return HasForbiddenCharacter(name) ? "it contains a control character or no valid Unicode"
            : Encoding.UTF8.GetByteCount(name) > ProtocolLimits.NameMaxBytes
            ? $"it has more than {ProtocolLimits.NameMaxBytes} bytes in UTF-8"
            : null;
    }

    /// <summary>The fault of a topic root such as <c>edgeagent/v1</c>.</summary>
    public static string? FaultOfRoot(string root)
    {
        // [P-02]
        if (root.StartsWith('$') || root.StartsWith('/') || root.EndsWith('/') || root.Contains("//"))
        {
            return "it begins with '$' or '/', ends with '/', or has an empty level";
        }
        return FaultOfTopic(root);
    }

    /// <summary>The fault of a topic to publish to; a broker closes the connection of who gets it wrong.</summary>
    public static string? FaultOfTopic(string topic)
    {
        // [P-04]
        if (topic.Length == 0)
        {
            return "it is empty";
        }
        if (topic.AsSpan().ContainsAny('+', '#'))
        {
            return "it contains a wildcard, '+' or '#'";
        }
        if (HasForbiddenCharacter(topic))
        {
            return "it contains a control character or no valid Unicode";
        }
        return Encoding.UTF8.GetByteCount(topic) > ProtocolLimits.TopicMaxBytes
            ? $"it has more than {ProtocolLimits.TopicMaxBytes} bytes in UTF-8"
            : topic.AsSpan().Count('/') >= ProtocolLimits.TopicMaxLevels
            ? $"it has more than {ProtocolLimits.TopicMaxLevels} levels"
            : null;
    }

    /// <summary>Whether a topic is the given one or lies under it.</summary>
    public static bool IsAtOrUnder(string topic, string parent) =>
        topic.StartsWith(parent, StringComparison.Ordinal)
        && (topic.Length == parent.Length || topic[parent.Length] == '/');

    /// <summary>Control characters, noncharacters and lone surrogates: MQTT 5 section 1.5.4 lets a broker close the
    /// connection for each of them, and Mosquitto does.</summary>
    internal static bool HasForbiddenCharacter(string text)
    {
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var used) != OperationStatus.Done
                || Rune.IsControl(rune)
                || (rune.Value & 0xFFFE) == 0xFFFE
                || rune.Value is >= 0xFDD0 and <= 0xFDEF)
            {
                return true;
            }
            rest = rest[used..];
        }
        return false;
    }
}
