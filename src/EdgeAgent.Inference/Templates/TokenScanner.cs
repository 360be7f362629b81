using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Templates;

/// <summary>Reads one token of an expression.</summary>
internal static class TokenScanner
{
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", ">=", "<=",
        "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];

    /// <summary>The kind of the token at this place, or null where there is none; goes behind it.</summary>
    public static TokenKind? Scan(string source, ref int at, out string text)
    {
        var start = at;
        var first = source[at];
        if (char.IsAsciiDigit(first))
        {
            return ScanNumber(source, ref at, out text);
        }
        if (first is '\'' or '"')
        {
            return ScanText(source, ref at, out text) ? TokenKind.Text : null;
        }
        if (char.IsLetter(first) || first == '_')
        {
            while (at < source.Length && (char.IsLetterOrDigit(source[at]) || source[at] == '_'))
            {
                at++;
            }
            text = source[start..at];
            return TokenKind.Name;
        }
        foreach (var candidate in Operators)
        {
            if (string.CompareOrdinal(source, at, candidate, 0, candidate.Length) == 0)
            {
                text = candidate;
                at += candidate.Length;
                return TokenKind.Operator;
            }
        }
        text = "";
        return null;
    }

    private static TokenKind ScanNumber(string source, ref int at, out string text)
    {
        var start = at;
        SkipDigits(source, ref at);
        var isFloat = false;
        // Behind a point it is an index: x.0.1
        if (start == 0 || source[start - 1] != '.')
        {
            if (at + 1 < source.Length && source[at] == '.' && char.IsAsciiDigit(source[at + 1]))
            {
                at++;
                SkipDigits(source, ref at);
                isFloat = true;
            }
            var exponent = at + 1 < source.Length && source[at] is 'e' or 'E' ? at + 1 : source.Length;
            exponent += exponent < source.Length && source[exponent] is '+' or '-' ? 1 : 0;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            {
                at = exponent;
                SkipDigits(source, ref at);
                isFloat = true;
            }
        }
        text = source[start..at].Replace("_", "", StringComparison.Ordinal);
        return isFloat ? TokenKind.Float : TokenKind.Integer;
    }

    private static void SkipDigits(string source, ref int at)
    {
        while (at < source.Length
            && (char.IsAsciiDigit(source[at])
                || (source[at] == '_' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1]))))
        {
            at++;
        }
    }

    private static bool ScanText(string source, ref int at, out string text)
    {
        var (quote, builder) = (source[at], new StringBuilder());
        for (var i = at + 1; i < source.Length; i++)
        {
            if (source[i] == quote)
            {
                at = i + 1;
                text = builder.ToString();
                return true;
            }
            if (source[i] == '\\' && i + 1 < source.Length)
            {
                AppendEscape(source, ref i, builder);
            }
            else
            {
                builder.Append(source[i]);
            }
        }
        text = "";
        return false;
    }

    /// <summary>Python's escapes; an unknown one stays as it is written.</summary>
    private static void AppendEscape(string source, ref int at, StringBuilder builder)
    {
        var letter = source[++at];
        var plain = "\\'\"abfnrtv".IndexOf(letter, StringComparison.Ordinal);
        if (plain >= 0)
        {
            builder.Append("\\'\"\a\b\f\n\r\t\v"[plain]);
            return;
        }
        var digits = letter switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0 && at + digits < source.Length
            && TryParseHex(source.AsSpan(at + 1, digits), out var code)
            && (Rune.IsValid(code) || code is >= 0xD800 and <= 0xDFFF))
        {
            builder.Append(Rune.IsValid(code) ? new Rune(code).ToString() : ((char)code).ToString());
            at += digits;
        }
        else if (letter is >= '0' and <= '7')
        {
            AppendOctal(source, ref at, builder);
        }
        else if (letter != '\n')
        {
            builder.Append('\\').Append(letter);
        }
    }

    private static bool TryParseHex(ReadOnlySpan<char> digits, out int code) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code);

    private static void AppendOctal(string source, ref int at, StringBuilder builder)
    {
        var code = source[at] - '0';
        for (var count = 1; count < 3 && at + 1 < source.Length && source[at + 1] is >= '0' and <= '7'; count++)
        {
            code = code * 8 + source[++at] - '0';
        }
        builder.Append((char)code);
    }
}
