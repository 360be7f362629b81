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

    public ByteSymbols(TokenTable tokens, int unknownId)
    {
        for (var value = 0; value < 256; value++)
        {
            var id = tokens.Find([(byte)value]);
            _ids[value] = id >= 0 ? id : unknownId;
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
