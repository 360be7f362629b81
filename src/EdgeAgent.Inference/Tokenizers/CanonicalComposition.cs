using System.Buffers;
using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Unicode normalization form C, which Qwen tokenizers ask for.</summary>
/// <remarks>
/// The agent runs without ICU (invariant globalization), where string.Normalize changes nothing.
/// Unicode Standard, section 3.11: decompose, order marks by class, compose. The table is read when first needed.
/// </remarks>
internal sealed class CanonicalComposition
{
    // Hangul syllables follow a rule: lead + vowel + tail.
    private const int HangulFirst = 0xAC00, HangulCount = 11172, LeadFirst = 0x1100, VowelFirst = 0x1161;
    private const int TailFirst = 0x11A7, LeadCount = 19, VowelCount = 21, TailCount = 28;

    private static readonly Lazy<CanonicalComposition> Table = new(() => new CanonicalComposition());

    private readonly Dictionary<int, (int First, int Second)> _parts = [];
    private readonly Dictionary<(int First, int Second), int> _wholes = [];
    private readonly Dictionary<int, byte> _classes = [];

    private CanonicalComposition()
    {
        using var stream = typeof(CanonicalComposition).Assembly.GetManifestResourceStream("canonical.txt")!;
        using var reader = new StreamReader(stream);
        var inClasses = false;
        while (reader.ReadLine() is { } line)
        {
            if (line == "classes")
            {
                inClasses = true;
            }
            else if (line[0] != '#')
            {
                ReadLine(line.Split(' '), inClasses);
            }
        }
    }

    /// <summary>Appends the composed form of a valid text.</summary>
    public static void Append(ReadOnlySpan<byte> utf8, IBufferWriter<byte> output)
    {
        // Below U+0300 (lead bytes up to 0xCB) nothing combines.
        if (utf8.IndexOfAnyInRange((byte)0xCC, (byte)0xFF) < 0)
        {
            output.Write(utf8);
            return;
        }
        var table = Table.Value;
        var characters = new List<int>(utf8.Length);
        for (var at = 0; at < utf8.Length;)
        {
            Rune.DecodeFromUtf8(utf8[at..], out var rune, out var length);
            table.Decompose(rune.Value, characters);
            at += length;
        }
        table.OrderMarks(characters);
        table.Compose(characters);
        foreach (var character in characters)
        {
            var span = output.GetSpan(4);
            output.Advance(new Rune(character).EncodeToUtf8(span));
        }
    }

    private void ReadLine(string[] fields, bool inClasses)
    {
        if (inClasses)
        {
            for (var character = Hex(fields[0]); character <= Hex(fields[1]); character++)
            {
                _classes[character] = (byte)Hex(fields[2]);
            }
            return;
        }
        var parts = (Hex(fields[1]), fields[2] == "-" ? 0 : Hex(fields[2]));
        _parts[Hex(fields[0])] = parts;
        if (fields.Length == 3)
        {
            _wholes[parts] = Hex(fields[0]);
        }
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // The standard's longest chain is four deep.
    private void Decompose(int character, List<int> output)
    {
        var syllable = character - HangulFirst;
        if (syllable is >= 0 and < HangulCount)
        {
            output.Add(LeadFirst + syllable / (VowelCount * TailCount));
            output.Add(VowelFirst + syllable % (VowelCount * TailCount) / TailCount);
            if (syllable % TailCount > 0)
            {
                output.Add(TailFirst + syllable % TailCount);
            }
        }
        else if (_parts.TryGetValue(character, out var parts))
        {
            Decompose(parts.First, output);
            if (parts.Second > 0)
            {
                Decompose(parts.Second, output);
            }
        }
        else
        {
            output.Add(character);
        }
    }

    private void OrderMarks(List<int> characters)
    {
        for (var at = 0; at < characters.Count;)
        {
            var end = at;
            while (end < characters.Count && Class(characters[end]) > 0)
            {
                end++;
            }
            if (end > at + 1)
            {
                // A stable sort: a megabyte of marks on one letter must not take a square of that.
                var ordered = characters.GetRange(at, end - at).OrderBy(Class).ToList();
                for (var i = 0; i < ordered.Count; i++)
                {
                    characters[at + i] = ordered[i];
                }
            }
            at = Math.Max(end, at + 1);
        }
    }

    private void Compose(List<int> characters)
    {
        var (kept, starter, lastClass) = (0, -1, 0);
        for (var at = 0; at < characters.Count; at++)
        {
            var character = characters[at];
            var combining = Class(character);
            // Blocked when something of the same or a higher class stands between.
            var adjacent = starter >= 0 && (kept == starter + 1 || (lastClass < combining && lastClass > 0));
            if (adjacent && Pair(characters[starter], character) is > 0 and var whole)
            {
                characters[starter] = whole;
                continue;
            }
            if (combining == 0)
            {
                starter = kept;
            }
            lastClass = combining;
            characters[kept++] = character;
        }
        characters.RemoveRange(kept, characters.Count - kept);
    }

    private int Pair(int first, int second)
    {
        var (lead, vowel) = (first - LeadFirst, second - VowelFirst);
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            return HangulFirst + (lead * VowelCount + vowel) * TailCount;
        }
        var (syllable, tail) = (first - HangulFirst, second - TailFirst);
        if (syllable is >= 0 and < HangulCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
        {
            return first + tail;
        }
        return _wholes.GetValueOrDefault((first, second));
    }

    private byte Class(int character) => _classes.GetValueOrDefault(character);
}
