using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>What added tokens may be, and their place among the tokens.</summary>
internal static class AddedTokenRules
{
    /// <summary>All their texts together: the tree that finds them has a node for each byte.</summary>
    private const int TotalBytes = 1 << 20;

    /// <summary>Gives every added token that the vocabulary has not its place.</summary>
    public static void AddTo(VocabularyReader vocabulary, List<AddedToken> added)
    {
        var (ids, contents, total) = (new HashSet<int>(), new HashSet<string>(), 0);
        foreach (var token in added)
        {
            var content = Encoding.UTF8.GetString(token.Content);
            if (!ids.Add(token.Id) || !contents.Add(content))
            {
                throw Fault(TokenizerFault.Duplicate, $"\"{content}\" (id {token.Id}) comes twice");
            }
            total += token.Content.Length;
            if (token.Id < 0 || token.Id >= vocabulary.Ids || total > TotalBytes)
            {
                throw Fault(
                    TokenizerFault.LimitExceeded,
                    $"\"{content}\" has id {token.Id} (limit {vocabulary.Ids - 1}), "
                    + $"texts up to it {total} bytes (limit {TotalBytes})");
            }
            AddTo(vocabulary, token, content);
        }
    }

    private static void AddTo(VocabularyReader vocabulary, AddedToken token, string content)
    {
        var tokens = vocabulary.Tokens;
        var bytes = vocabulary.ToModelBytes(token.Content, out var reachable);
        var inVocabulary = reachable ? tokens.Find(bytes) : -1;
        if ((inVocabulary >= 0 && inVocabulary != token.Id)
            || (tokens.Has(token.Id) && !tokens.Bytes(token.Id).SequenceEqual(bytes)))
        {
            throw Fault(
                TokenizerFault.Duplicate, $"\"{content}\" (id {token.Id}) is another token or id in model.vocab");
        }
        // Else every such letter that a person types would be the mark.
        if (token.Special && Encoding.UTF8.GetCharCount(token.Content) == 1)
        {
            throw Fault(TokenizerFault.Unsupported, $"\"{content}\" (id {token.Id}) is one letter and special");
        }
        if (!tokens.Has(token.Id))
        {
            tokens.Add(token.Id, bytes, indexed: false);
        }
    }

    private static TokenizerException Fault(TokenizerFault fault, string message) =>
        new(fault, $"added_tokens: {message}.");
}
