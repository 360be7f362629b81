using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Reads a tokenizer.json: checks all of it, then builds the model.</summary>
internal static class TokenizerReader
{
    public static TokenizerModel Read(ReadOnlySpan<byte> json)
    {
        var file = TokenizerFile.Open(json);
        var model = file.Object("model");
        var options = ModelOptions.Read(model);
        var preTokenizers = PreTokenizerReader.Read(file["pre_tokenizer"]);

        var reader = new VocabularyReader(byteLevel: true);
        reader.ReadVocabulary(model.Required("vocab"));
        var added = ReadAdded(file["added_tokens"]);
        var special = added.Where(token => token.Special).Select(token => token.Id).ToFrozenSet();
        var merges = reader.ReadMerges(model.Required("merges"), special.Contains);
        AddedTokenRules.AddTo(reader, added);
        return new TokenizerModel
        {
            Tokens = reader.Tokens,
            Decoded = reader.Tokens,
            Merges = merges,
            Alphabet = new ByteSymbols(reader.Tokens, unknownId: -1),
            IgnoreMerges = options.IgnoreMerges,
            RawAdded = new AddedTokenSet(added.Select(token => (token, token.Content))),
            AddedIds = added.ToFrozenDictionary(token => Encoding.UTF8.GetString(token.Content), token => token.Id),
            SpecialIds = special,
            PreTokenizers = preTokenizers,
        };
    }

    private static List<AddedToken> ReadAdded(ReadOnlySpan<byte> json) =>
        JsonPart.Read(json, "added_tokens")?.Items(TokenizerLimits.AddedTokens).ConvertAll(AddedToken.Read) ?? [];
}
