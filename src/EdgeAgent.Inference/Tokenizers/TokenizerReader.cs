using System.Collections.Frozen;
using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Reads a tokenizer.json: checks all of it, then builds the model.</summary>
internal static class TokenizerReader
{
    public static TokenizerModel Read(ReadOnlySpan<byte> json)
    {
        var file = TokenizerFile.Open(json);
        var model = file.Object("model");
        var options = ModelOptions.Read(model);
        var normalizers = NormalizerReader.Read(file["normalizer"]);
        var cuts = PreTokenizerReader.Read(file["pre_tokenizer"]);
        var decoder = DecoderReader.Read(file["decoder"]);
        if (cuts.ByteLevel != decoder.ByteLevel)
        {
            throw new TokenizerException(
                TokenizerFault.Unsupported, "pre_tokenizer and decoder must both be ByteLevel, or neither.");
        }
        var vocabulary = new VocabularyReader(cuts.ByteLevel, TokenizerLimits.Ids(json.Length));
        vocabulary.ReadVocabulary(model.Required("vocab"));
        var added = ReadAdded(file["added_tokens"]);
        var special = added.Where(token => token.Special).Select(token => token.Id).ToFrozenSet();
        var merges = vocabulary.ReadMerges(model.Required("merges"), special.Contains);
        AddedTokenRules.AddTo(vocabulary, added);
        return new TokenizerModel
        {
            Tokens = vocabulary.Tokens,
            Decoded = decoder.Decode(vocabulary.Tokens),
            Merges = merges,
            Alphabet = cuts.ByteLevel
                ? new ByteSymbols(vocabulary.Tokens)
                : new CharacterSymbols(
                    vocabulary.Tokens, options.ByteFallback, UnknownId(options, vocabulary), options.FuseUnknown),
            IgnoreMerges = options.IgnoreMerges,
            RawAdded = Set(added, [], normalized: false),
            NormalizedAdded = Set(added, normalizers, normalized: true),
            SpecialIds = special,
            Normalizers = normalizers,
            Preparation = [.. cuts.Preparation],
            PreTokenizers = [.. cuts.Stages],
            BlanksCutAtStart = decoder.BlanksCutAtStart,
        };
    }

    /// <summary>What the tokens look like in the text at the stage where they are looked for.</summary>
    private static AddedTokenSet Set(List<AddedToken> added, TextNormalizer[] normalizers, bool normalized)
    {
        var changer = new TextChanger(normalizers);
        var place = new TextPlace(StartsText: true, StartsSection: true);
        return new AddedTokenSet(
            added.Where(token => token.Normalized == normalized)
                .Select(token => (token, changer.Change(token.Content, place).ToArray())));
    }

    private static int UnknownId(ModelOptions options, VocabularyReader vocabulary)
    {
        if (options.UnknownToken is not { } unknown)
        {
            return -1;
        }
        var id = vocabulary.Tokens.Find(Encoding.UTF8.GetBytes(unknown));
        return id >= 0
            ? id
            : throw new TokenizerException(
                TokenizerFault.UnknownToken, $"model.unk_token {unknown} is not in model.vocab.");
    }

    private static List<AddedToken> ReadAdded(ReadOnlySpan<byte> json) =>
        JsonPart.Read(json, "added_tokens")?.Items(TokenizerLimits.AddedTokens).ConvertAll(AddedToken.Read) ?? [];
}
