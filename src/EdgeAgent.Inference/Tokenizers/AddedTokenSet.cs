using System.Buffers;
using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Finds added tokens in a text: leftmost first, of several at one place the longest.</summary>
internal sealed class AddedTokenSet
{
    private readonly Dictionary<long, int> _edges = [];     // node << 8 | byte -> node
    private readonly Dictionary<int, AddedToken> _ends = [];
    private readonly SearchValues<byte> _firstBytes;

    /// <summary>Builds the tree of bytes.</summary>
    /// <param name="tokens">The tokens with the text that is looked for.</param>
    public AddedTokenSet(IEnumerable<(AddedToken Token, byte[] Pattern)> tokens)
    {
        var firstBytes = new HashSet<byte>();
        foreach (var (token, pattern) in tokens)
        {
            if (pattern.Length == 0)
            {
                continue;
            }
            var node = 0;
            foreach (var value in pattern)
            {
                node = Step(node, value);
            }
            _ends.TryAdd(node, token);
            firstBytes.Add(pattern[0]);
        }
        _firstBytes = SearchValues.Create([.. firstBytes]);
    }

    /// <summary>True when there is nothing to find.</summary>
    public bool IsEmpty => _ends.Count == 0;

    /// <summary>The first token at or behind <paramref name="from"/>, and the text that it takes along.</summary>
    public AddedToken? FindNext(ReadOnlySpan<byte> text, int from, TemplateRanges template, out TextRange range)
    {
        for (var at = from; at < text.Length; at++)
        {
            var skip = text[at..].IndexOfAny(_firstBytes);
            if (skip < 0)
            {
                break;
            }
            at += skip;
            if (LongestAt(text, at, template, out var end) is { } found)
            {
                range = Extend(text, from, new TextRange(at, end), found);
                return found;
            }
        }
        range = default;
        return null;
    }

    private AddedToken? LongestAt(ReadOnlySpan<byte> text, int at, TemplateRanges template, out int longestEnd)
    {
        AddedToken? longest = null;
        var node = 0;
        longestEnd = at;
        for (var end = at; end < text.Length && _edges.TryGetValue(Key(node, text[end]), out node);)
        {
            end++;
            if (_ends.TryGetValue(node, out var token) && Counts(token, text, new TextRange(at, end), template))
            {
                (longest, longestEnd) = (token, end);
            }
        }
        return longest;
    }

    private static bool Counts(AddedToken token, ReadOnlySpan<byte> text, TextRange range, TemplateRanges template)
    {
        if (!template.Contains(range) && (token.Special || !token.IsBlank))
        {
            return false;
        }
        return !token.SingleWord
            || (!IsWord(text[..range.Start], last: true) && !IsWord(text[range.End..], last: false));
    }

    private static TextRange Extend(ReadOnlySpan<byte> text, int from, TextRange match, AddedToken token)
    {
        var (start, end) = match;
        if (token.StripRight)
        {
            end = Characters.RunEnd(text, end, CharacterKinds.Space);
        }
        while (token.StripLeft && start > from && Blank(text, start) is > 0 and var length)
        {
            start -= Math.Min(length, start - from);
        }
        return new TextRange(start, end);
    }

    private static int Blank(ReadOnlySpan<byte> text, int end)
    {
        var start = LastCharacter(text[..end]);
        return (Characters.At(text, start, out _) & CharacterKinds.Space) != 0 ? end - start : 0;
    }

    private static bool IsWord(ReadOnlySpan<byte> text, bool last)
    {
        if (text.IsEmpty)
        {
            return false;
        }
        Rune.DecodeFromUtf8(text[(last ? LastCharacter(text) : 0)..], out var rune, out _);
        // \w of Unicode regular expressions: also zero-width joiners and circled letters.
        return rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9)
            || CharUnicodeInfo.GetUnicodeCategory(rune.Value)
                is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
    }

    private static int LastCharacter(ReadOnlySpan<byte> text)
    {
        var at = text.Length - 1;
        while (at > 0 && (text[at] & 0xC0) == 0x80)
        {
            at--;
        }
        return at;
    }

    private static long Key(int node, byte value) => (long)node << 8 | value;

    private int Step(int node, byte value)
    {
        var key = Key(node, value);
        if (!_edges.TryGetValue(key, out var next))
        {
            _edges[key] = next = _edges.Count + 1;
        }
        return next;
    }
}
