using System.Text;

namespace EdgeAgent.Tests;

/// <summary>Makes hostile JSON from an honest text: most of it other values in place, the rest damaged bytes.</summary>
/// <remarks>The same seed gives the same inputs.</remarks>
internal sealed class JsonMutator(int seed, string honest, int mostChanges)
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1", "2147483648", "9223372036854775808", "-9223372036854775808", "1e999", "0.5",
        "\"\"", "\"../x\"", "\"a/b\"", "\"\\u0000\"", "\"\\ud800\"", "[]", "{}", "[null]", "[1,2,3]", "[{}]",
        "[[[[[[]]]]]]",
        "4611686018427387904", "[9223372036854775807,9223372036854775807]", "\"F32\"", "\"manifest.json\"", "1e-5",
    ];

    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        var text = honest;
        for (var changes = _random.Next(1, mostChanges + 1); changes > 0; changes--)
        {
            text = _random.Next(9) switch
            {
                0 or 1 => RepeatField(text),
                2 or 3 => RenameField(text),
                4 => ReplaceBranch(text),
                _ => ReplaceScalar(text),
            };
        }
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var damages = _random.Next(3) == 0 ? _random.Next(1, 4) : 0; damages > 0; damages--)
        {
            bytes = Damage(bytes);
        }
        return bytes;
    }

    private string ReplaceScalar(string text)
    {
        var at = text.AsSpan(_random.Next(text.Length)) is var rest && rest.IndexOfAny(':', ',', '[')
            is >= 0 and var found
            ? text.Length - rest.Length + found + 1 : 0;
        var end = at == 0 ? -1 : text.AsSpan(at).IndexOfAny(',', '}', ']') + at;
        return end < at || text.AsSpan(at, end - at).IndexOfAny('{', '[', ':') >= 0
            ? text : text[..at] + Values[_random.Next(Values.Length)] + text[end..];
    }

    /// <summary>Replaces a list or an object, below the whole one, with all that is in it.</summary>
    private string ReplaceBranch(string text)
    {
        var start = text.AsSpan(_random.Next(1, text.Length)) is var rest && rest.IndexOfAny('{', '[')
            is >= 0 and var found ? text.Length - rest.Length + found : text.Length;
        for (var (end, depth) = (start, 0); end < text.Length; end++)
        {
            depth += text[end] is '{' or '[' ? 1 : text[end] is '}' or ']' ? -1 : 0;
            if (depth == 0)
            {
                return text[..start] + Values[_random.Next(Values.Length)] + text[(end + 1)..];
            }
        }
        return text;
    }

    private string RepeatField(string text)
    {
        var brace = text.IndexOf('{', _random.Next(text.Length));
        var colon = brace < 0 ? -1 : text.IndexOf(':', brace);
        var value = Values[_random.Next(Values.Length)];
        return colon < 0 ? text : $"{text[..colon]}:{value},{text[(brace + 1)..]}";
    }

    private string RenameField(string text)
    {
        var colon = text.IndexOf("\":", _random.Next(text.Length), StringComparison.Ordinal);
        return colon < 0 ? text : $"{text[..colon]}{_random.Next(10)}{text[colon..]}";
    }

    private byte[] Damage(byte[] bytes)
    {
        var at = _random.Next(bytes.Length + 1);
        var until = Math.Min(bytes.Length, at + _random.Next(1, 9));
        return _random.Next(5) switch
        {
            0 => [.. bytes[..at], (byte)_random.Next(256), .. bytes[until..]],
            1 => bytes[..at],
            2 => [.. bytes[..at], .. bytes[until..]],
            3 => [.. bytes[..at], .. Enumerable.Repeat("[{9"u8[_random.Next(3)], 60), .. bytes[at..]],
            _ => [.. bytes[..until], .. bytes[at..]],
        };
    }
}
