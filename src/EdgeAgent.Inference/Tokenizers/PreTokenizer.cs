using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Cuts text into pieces that no token crosses.</summary>
internal abstract class PreTokenizer
{
    /// <summary>The end of the piece that begins at <paramref name="start"/>; later than start.</summary>
    public abstract int PieceEnd(ReadOnlySpan<byte> text, int start);
}

/// <summary>Every digit (category N) is a piece; or every run of them.</summary>
internal sealed class DigitsPreTokenizer(bool individual) : PreTokenizer
{
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        if ((Characters.At(text, start, out var length) & CharacterKinds.Number) == 0)
        {
            return Characters.RunEndOfOthers(text, start, CharacterKinds.Number);
        }
        return individual ? start + length : Characters.RunEnd(text, start, CharacterKinds.Number);
    }
}

/// <summary>Every match of a known pattern is a piece, and so is what lies between two matches.</summary>
internal sealed class PatternPreTokenizer(SplitPattern pattern) : PreTokenizer
{
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        var end = pattern.MatchEnd(text, start);
        if (end > start)
        {
            return end;
        }
        end = start + Characters.Length(text[start]);
        while (end < text.Length && pattern.MatchEnd(text, end) == end)
        {
            end += Characters.Length(text[end]);
        }
        return end;
    }
}

/// <summary>Cuts behind, or before, every occurrence of a literal text.</summary>
internal sealed class LiteralPreTokenizer(byte[] literal, bool cutBehind) : PreTokenizer
{
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        var from = cutBehind ? start : start + Characters.Length(text[start]);
        var found = from < text.Length ? text[from..].IndexOf(literal) : -1;
        return found < 0 ? text.Length : from + found + (cutBehind ? literal.Length : 0);
    }

    public override string ToString() => Encoding.UTF8.GetString(literal);
}
