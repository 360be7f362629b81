namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Derives the merges of a SentencePiece vocabulary from the scores of its pieces.</summary>
/// <remarks>
/// A piece may be made of any two pieces that it consists of, and the better piece is made first. The order within one
/// score is that of `generate_merges` in transformers (convert_slow_tokenizer.py): longer left part first, then longer
/// right part; the cuts of one piece by the ids of their parts.
/// </remarks>
internal static class PieceMerges
{
    /// <summary>Longer pieces cost the square of their length; those in use have at most 48 characters.</summary>
    private const int LongestPiece = 128;

    private const int MaximumMerges = 4 << 20;

    /// <summary>Two pieces that make a third, with what orders merges among each other.</summary>
    private readonly record struct Merge(int Left, int Right, float Score, int LeftLength, int RightLength);

    /// <exception cref="ModelToolsException">A piece is too long, or there are too many merges.</exception>
    public static IEnumerable<(string Left, string Right)> Of(
        GgufMetadata metadata, GgufVocabulary vocabulary, float[] scores)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < vocabulary.Tokens.Length; id++)
        {
            ids.TryAdd(vocabulary.Tokens[id], id);
        }
        var find = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        var merges = new List<Merge>();
        var cuts = new List<Merge>();
        for (var id = 0; id < vocabulary.Tokens.Length; id++)
        {
            if (vocabulary.Types[id] is not (GgufTokenType.Normal or GgufTokenType.UserDefined))
            {
                continue;
            }
            var piece = vocabulary.Tokens[id];
            if (piece.Length > LongestPiece)
            {
                throw metadata.Invalid($"tokenizer.ggml.tokens[{id}]",
                    $"has {piece.Length} characters; the limit is {LongestPiece}");
            }
            Cut(find, piece, scores[id], cuts);
            merges.AddRange(cuts.OrderBy(cut => cut.Left).ThenBy(cut => cut.Right));
            if (merges.Count > MaximumMerges)
            {
                throw metadata.Invalid("tokenizer.ggml.tokens", $"makes more than {MaximumMerges} merges");
            }
        }
        return merges.OrderByDescending(merge => merge.Score)
            .ThenByDescending(merge => merge.LeftLength).ThenByDescending(merge => merge.RightLength)
            .Select(merge => (vocabulary.Tokens[merge.Left], vocabulary.Tokens[merge.Right]));
    }

    private static void Cut(
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> find, string piece, float score, List<Merge> cuts)
    {
        cuts.Clear();
        var letters = 0;
        for (var i = 1; i < piece.Length; i++)
        {
            letters += char.IsLowSurrogate(piece[i - 1]) ? 0 : 1;
            if (!char.IsLowSurrogate(piece[i])
                && find.TryGetValue(piece.AsSpan(0, i), out var left)
                && find.TryGetValue(piece.AsSpan(i), out var right))
            {
                cuts.Add(new Merge(left, right, score, letters, piece.Length - i));
            }
        }
    }
}
