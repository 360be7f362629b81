using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>What the pre-tokenizers ask of a character.</summary>
[Flags]
internal enum CharacterKinds : ushort
{
    None = 0,
    Letter = 1,
    Number = 2,
    Space = 4,
    Newline = 8,
    Mark = 16,

    /// <summary>Lu, Lt, Lm, Lo, M: what a capitalised word begins with.</summary>
    Upper = 32,

    /// <summary>Ll, Lm, Lo, M: what a word goes on with.</summary>
    Lower = 64,

    Punctuation = 128,
    Symbol = 256,
}

/// <summary>Reads UTF-8 text character by character with the kinds of each.</summary>
internal static class Characters
{
    private static readonly CharacterKinds[] Ascii = [.. Enumerable.Range(0, 128).Select(Classify)];

    /// <summary>The kinds of the character at this place, and its bytes; none and 0 at the end.</summary>
    public static CharacterKinds At(ReadOnlySpan<byte> text, int at, out int length)
    {
        if (at >= text.Length)
        {
            length = 0;
            return CharacterKinds.None;
        }
        if (text[at] < 128)
        {
            length = 1;
            return Ascii[text[at]];
        }
        Rune.DecodeFromUtf8(text[at..], out var rune, out length);
        return Classify(rune.Value);
    }

    /// <summary>The end of the run of characters that have one of these kinds.</summary>
    public static int RunEnd(ReadOnlySpan<byte> text, int at, CharacterKinds kinds)
    {
        while ((At(text, at, out var length) & kinds) != 0)
        {
            at += length;
        }
        return at;
    }

    /// <summary>The end of the run of characters that have none of these kinds.</summary>
    public static int RunEndOfOthers(ReadOnlySpan<byte> text, int at, CharacterKinds kinds)
    {
        while (at < text.Length && (At(text, at, out var length) & kinds) == 0)
        {
            at += length;
        }
        return at;
    }

    /// <summary>The bytes of the UTF-8 character that begins with this byte.</summary>
    public static int Length(byte first) => first switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };

    private static CharacterKinds Classify(int codePoint)
    {
        var kinds = CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter =>
                CharacterKinds.Letter | CharacterKinds.Upper,
            UnicodeCategory.LowercaseLetter => CharacterKinds.Letter | CharacterKinds.Lower,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter =>
                CharacterKinds.Letter | CharacterKinds.Upper | CharacterKinds.Lower,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
                CharacterKinds.Mark | CharacterKinds.Upper | CharacterKinds.Lower,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber =>
                CharacterKinds.Number,
            (>= UnicodeCategory.ConnectorPunctuation) and (<= UnicodeCategory.OtherPunctuation) =>
                CharacterKinds.Punctuation,
            (>= UnicodeCategory.MathSymbol) and (<= UnicodeCategory.OtherSymbol) => CharacterKinds.Symbol,
            _ => CharacterKinds.None,
        };
        if (Rune.IsWhiteSpace(new Rune(codePoint)))
        {
            kinds |= CharacterKinds.Space;
        }
        return codePoint is '\r' or '\n' ? kinds | CharacterKinds.Newline : kinds;
    }
}
