using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace EdgeAgent.Protocol;

/// <summary>Opens the bytes of a message: size, encoding, and JSON that has one meaning only.</summary>
internal static class JsonBody
{
    private const int DetailCharacters = 160;

    private static readonly JsonDocumentOptions Strict = new()
    {
        MaxDepth = ProtocolLimits.JsonMaxDepth,
        AllowDuplicateProperties = false,
    };

    /// <summary>The refusal of a payload that is too large or not UTF-8, or null.</summary>
    public static Refusal? RefusalOfBytes(ReadOnlySpan<byte> payload, int maxBytes)
    {
        // [P-10]
        if (payload.Length > maxBytes)
        {
            return new(
                RefusalCode.PayloadTooLarge,
                $"The payload has {payload.Length} bytes; this agent reads at most {maxBytes}. Send a shorter prompt.");
        }
        // [P-12]
        return Utf8.IsValid(payload)
            ? null
            : new(RefusalCode.InvalidUtf8, "The payload is not valid UTF-8. Send text or a JSON object in UTF-8.");
    }

    /// <summary>The payload without a byte order mark, which Windows tools write before UTF-8.</summary>
    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> payload) =>
        payload.StartsWith("\uFEFF"u8) ? payload[3..] : payload;

    /// <summary>Whether the first byte that is not blank opens an object.</summary>
    public static bool BeginsObject(ReadOnlySpan<byte> text) => text.TrimStart(" \t\r\n"u8).StartsWith("{"u8);

    /// <summary>Parses one object; false gives the refusal instead. The caller disposes the document.</summary>
    public static bool TryOpen(
        ReadOnlySpan<byte> text,
        [NotNullWhen(true)] out JsonDocument? document,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        (document, refusal) = (null, null);
        // [P-14]
        if (HasHalfSurrogate(text))
        {
            refusal = Refuse(@"a \u escape is one half of a surrogate pair");
            return false;
        }
        try
        {
            document = JsonDocument.Parse(text.ToArray().AsMemory(), Strict);
            return true;
        }
        catch (JsonException exception)
        {
            refusal = Refuse(Shown.Text(exception.Message, DetailCharacters).TrimEnd('.'));
            return false;
        }
    }

    private static Refusal Refuse(string detail) => new(
        RefusalCode.InvalidJson,
        $"The body is not JSON that can be read: {detail}. Send one object in UTF-8, each name once, at most "
        + $"{ProtocolLimits.JsonMaxDepth} levels deep; only a request may be text, not beginning with '{{'.");

    /// <summary>JSON allows "\ud800" alone, which is no text: a reader of strings would throw on it.</summary>
    private static bool HasHalfSurrogate(ReadOnlySpan<byte> text)
    {
        var high = false;
        while (text.IndexOf((byte)'\\') is >= 0 and var at)
        {
            var unit = UnitAt(text[at..]);
            var completes = at == 0 && char.IsLowSurrogate(unit);
            if (high ? !completes : char.IsLowSurrogate(unit))
            {
                return true;
            }
            high = !high && char.IsHighSurrogate(unit);
            text = text[Math.Min(text.Length, at + (unit == 0 ? 2 : 6))..];
        }
        return high;
    }

    /// <summary>The UTF-16 unit of the escape that the text begins with; 0 for every other escape.</summary>
    private static char UnitAt(ReadOnlySpan<byte> escape) =>
        escape.Length >= 6 && escape[1] == 'u'
        && Utf8Parser.TryParse(escape[2..6], out ushort unit, out var used, 'x') && used == 4
            ? (char)unit
            : '\0';
}
