using System.Buffers.Text;
using System.Text;

namespace EdgeAgent.Sensors;

/// <summary>Numbers and names out of the bytes of sysfs and procfs files; whatever the bytes, nothing is
/// thrown.</summary>
internal static class TextNumbers
{
    private const int MaxText = 128;

    /// <summary>The file's first word as a whole number (`32760`, `32760 ma`).</summary>
    public static bool TryInteger(ReadOnlySpan<byte> bytes, out long value)
    {
        var word = FirstWord(bytes);
        return Utf8Parser.TryParse(word, out value, out var used) && used == word.Length && used > 0;
    }

    /// <summary>The file's first word as a hexadecimal number, with or without `0x`.</summary>
    public static bool TryHexadecimal(ReadOnlySpan<byte> bytes, out uint value)
    {
        var word = FirstWord(bytes);
        word = word.StartsWith("0x"u8) ? word[2..] : word;
        return Utf8Parser.TryParse(word, out value, out var used, 'x') && used == word.Length && used > 0;
    }

    /// <summary>The number behind a word that stands at the start of a line: `MemFree:  12 kB`.</summary>
    public static bool TryField(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> name, out long value)
    {
        value = 0;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range];
            if (line.StartsWith(name))
            {
                return TryInteger(line[name.Length..], out value);
            }
        }
        return false;
    }

    /// <summary>The decimal behind `key=` in the line that begins with a word: `some avg10=1.25 …`.</summary>
    public static bool TryDecimal(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> line, ReadOnlySpan<byte> key,
        out double value)
    {
        value = 0;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var text = bytes[range];
            if (text.StartsWith(line) && text.IndexOf(key) is >= 0 and var at)
            {
                var number = FirstWord(text[(at + key.Length)..]);
                return Utf8Parser.TryParse(number, out value, out var used) && used == number.Length && used > 0;
            }
        }
        return false;
    }

    /// <summary>At most 128 printable characters, trimmed; null where nothing is left.</summary>
    public static string? ShortText(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MaxText)]);
        var end = text.IndexOfAny(['\0', '\n']);
        text = (end >= 0 ? text[..end] : text).Trim();
        return text.Length > 0 && !text.Any(char.IsControl) ? text : null;
    }

    /// <summary>A name of a driver as a part of ours: `Package id 0` → `package_id_0`; at most 48 characters.</summary>
    public static string Snake(string text)
    {
        var name = new StringBuilder();
        foreach (var c in text.Take(48))
        {
            var kept = char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_';
            if (kept != '_' || (name.Length > 0 && name[^1] != '_'))
            {
                name.Append(kept);
            }
        }
        return name.ToString().Trim('_') is { Length: > 0 } snake ? snake : "unnamed";
    }

    public static ReadOnlySpan<byte> FirstWord(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.Trim(" \t\r\n\0"u8);
        var end = bytes.IndexOfAny(" \t\r\n"u8);
        return end >= 0 ? bytes[..end] : bytes;
    }
}
