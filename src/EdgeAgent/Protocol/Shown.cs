using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace EdgeAgent.Protocol;

/// <summary>Foreign text made fit for an error message or a log line: short, one line, no control sequences.</summary>
internal static class Shown
{
    private const int BytesPerCharacter = 4;

    /// <summary>The value as it stands in the body, shortened.</summary>
    public static string Value(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        var head = raw[..Math.Min(raw.Length, (ProtocolLimits.ShownCharacters + 1) * BytesPerCharacter)];
        return Text(Encoding.UTF8.GetString(head));
    }

    /// <summary>At most <paramref name="maxCharacters"/> characters; what a terminal would obey becomes '?'.</summary>
    public static string Text(string text, int maxCharacters = ProtocolLimits.ShownCharacters)
    {
        // [P-27]
        var shown = new StringBuilder(maxCharacters + 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if (shown.Length + rune.Utf16SequenceLength > maxCharacters)
            {
                return shown.Append('…').ToString();
            }
            shown.Append(IsPlain(rune) ? rune.ToString() : "?");
        }
        return shown.ToString();
    }

    private static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
