using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>The symbols that a piece of text begins as, before anything merges.</summary>
internal abstract class SymbolAlphabet
{
    /// <summary>Appends the symbols of a piece.</summary>
    public abstract void Append(ReadOnlySpan<byte> piece, BytePairMerger merger);
}

/// <summary>One symbol for each byte.</summary>
/// <remarks>A byte that the vocabulary has not (SmolLM lacks 21) becomes nothing, as in the reference.</remarks>
internal sealed class ByteSymbols : SymbolAlphabet
{
    private readonly int[] _ids = new int[256];

    public ByteSymbols(TokenTable tokens)
    {
        for (var value = 0; value < 256; value++)
        {
            _ids[value] = tokens.Find([(byte)value]);
        }
    }

    public override void Append(ReadOnlySpan<byte> piece, BytePairMerger merger)
    {
        foreach (var value in piece)
        {
            if (_ids[value] >= 0)
            {
                merger.Append(_ids[value]);
            }
        }
    }
}

/// <summary>One symbol for each character; for a character without one its bytes, or the unknown token.</summary>
internal sealed class CharacterSymbols : SymbolAlphabet
{
    private readonly TokenTable _tokens;
    private readonly int[]? _byteIds;
    private readonly int _unknownId;
    private readonly bool _fuseUnknown;

    /// <param name="tokens">The vocabulary.</param>
    /// <param name="byteFallback">Bytes have tokens, <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>.</param>
    /// <param name="unknownId">-1: an unknown character becomes nothing, as in the reference.</param>
    /// <param name="fuseUnknown">Unknown characters side by side are one unknown token.</param>
    public CharacterSymbols(TokenTable tokens, bool byteFallback, int unknownId, bool fuseUnknown)
    {
        (_tokens, _unknownId, _fuseUnknown) = (tokens, unknownId, fuseUnknown);
        if (byteFallback)
        {
            _byteIds =
            [
                .. Enumerable.Range(0, 256).Select(value => tokens.Find(Encoding.UTF8.GetBytes($"<0x{value:X2}>"))),
            ];
        }
    }

    public override void Append(ReadOnlySpan<byte> piece, BytePairMerger merger)
    {
        var afterUnknown = false;
        while (!piece.IsEmpty)
        {
            var character = piece[..Characters.Length(piece[0])];
            piece = piece[character.Length..];
            var id = _tokens.Find(character);
            if (id >= 0)
            {
                merger.Append(id);
                afterUnknown = false;
            }
            else if (!TryAppendBytes(character, merger) && _unknownId >= 0)
            {
                if (!(afterUnknown && _fuseUnknown))
                {
                    merger.Append(_unknownId);
                }
                afterUnknown = true;
            }
        }
    }

    private bool TryAppendBytes(ReadOnlySpan<byte> character, BytePairMerger merger)
    {
        if (_byteIds is null)
        {
            return false;
        }
        foreach (var value in character)
        {
            if (_byteIds[value] < 0)
            {
                return false;
            }
        }
        foreach (var value in character)
        {
            merger.Append(_byteIds[value]);
        }
        return true;
    }
}
