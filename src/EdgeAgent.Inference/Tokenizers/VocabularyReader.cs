using System.Text.Json;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Reads <c>model.vocab</c> and <c>model.merges</c> token by token, without one object per entry.</summary>
/// <param name="ids">Every id is below this.</param>
internal sealed class VocabularyReader(bool byteLevel, int ids)
{
    private const string VocabularyPath = "model.vocab";
    private const string MergesPath = "model.merges";

    // An escaped character takes up to six bytes, a byte of the alphabet two.
    private readonly byte[] _text = new byte[TokenizerLimits.TokenBytes * 6];
    private readonly byte[] _bytes = new byte[TokenizerLimits.TokenBytes * 6];
    private readonly byte[] _joined = new byte[TokenizerLimits.TokenBytes * 2];

    /// <summary>Every id is below this.</summary>
    public int Ids => ids;

    /// <summary>The tokens as merges and lookups see them: real bytes in byte-level style, else text with ▁.</summary>
    public TokenTable Tokens { get; } = new();

    /// <summary>Reads the object of tokens and ids.</summary>
    public void ReadVocabulary(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject, VocabularyPath, "not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var token = ToModelBytes(JsonText.ReadToken(ref reader, _text, VocabularyPath), out var reachable);
            if (token.Length > TokenizerLimits.TokenBytes)
            {
                throw JsonText.TooLong(VocabularyPath);
            }
            Expect(
                reader.Read() && reader.TokenType == JsonTokenType.Number, VocabularyPath, "an id that is no number");
            Add(ReadId(ref reader), token, reachable);
        }
    }

    /// <summary>Reads the list of merges, each <c>"a b"</c> or <c>["a", "b"]</c>.</summary>
    public MergeTable ReadMerges(ReadOnlySpan<byte> json, Func<int, bool> isSpecial)
    {
        var table = new MergeTable(CountMerges(json));
        var reader = new Utf8JsonReader(json);
        reader.Read();
        for (var rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            var (left, right) = reader.TokenType switch
            {
                JsonTokenType.String => ReadJoinedPair(ref reader, rank),
                JsonTokenType.StartArray => ReadPair(ref reader, rank),
                _ => throw Malformed(MergesPath, $"entry {rank} is no pair"),
            };
            var result = Join(left, right, rank);
            // Text never becomes a special token by merging: the reference cuts those out before it merges.
            if (!isSpecial(result))
            {
                table.Add(left, right, rank, result);
            }
        }
        return table;
    }

    /// <summary>The bytes by which a token of the file is known; unreachable when no text can become it.</summary>
    public ReadOnlySpan<byte> ToModelBytes(ReadOnlySpan<byte> token, out bool reachable)
    {
        reachable = true;
        if (!byteLevel)
        {
            return token;
        }
        reachable = ByteAlphabet.TryToBytes(token, _bytes, out var count);
        return reachable ? _bytes.AsSpan(0, count) : token;
    }

    private void Add(int id, ReadOnlySpan<byte> token, bool reachable)
    {
        if (Tokens.Has(id))
        {
            throw new TokenizerException(TokenizerFault.Duplicate, $"{VocabularyPath} has id {id} twice.");
        }
        if (reachable && Tokens.Find(token) is >= 0 and var other)
        {
            throw new TokenizerException(
                TokenizerFault.Duplicate, $"{VocabularyPath} has one token with two ids, {other} and {id}.");
        }
        Tokens.Add(id, token, reachable);
    }

    private int ReadId(ref Utf8JsonReader reader)
    {
        if (!reader.TryGetInt32(out var id) || id < 0)
        {
            throw Malformed(VocabularyPath, "an id that is no whole number from 0 to 2^31 - 1");
        }
        return id < ids
            ? id
            : throw new TokenizerException(
                TokenizerFault.LimitExceeded,
                $"{VocabularyPath} has id {id}; the limit of a file of this size is {ids - 1}.");
    }

    private static int CountMerges(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartArray, MergesPath, "not an array");
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            reader.Skip();
            count++;
        }
        return count <= TokenizerLimits.Merges
            ? count
            : throw new TokenizerException(
                TokenizerFault.LimitExceeded,
                $"{MergesPath} has {count} entries; the limit is {TokenizerLimits.Merges}.");
    }

    private (int Left, int Right) ReadJoinedPair(ref Utf8JsonReader reader, int rank)
    {
        var text = JsonText.ReadToken(ref reader, _text, MergesPath);
        var space = text.IndexOf((byte)' ');
        Expect(space > 0 && text.LastIndexOf((byte)' ') == space, MergesPath, $"entry {rank} is no pair");
        return (Find(text[..space], rank), Find(text[(space + 1)..], rank));
    }

    private (int Left, int Right) ReadPair(ref Utf8JsonReader reader, int rank)
    {
        Span<int> pair = stackalloc int[2];
        for (var side = 0; side < 2; side++)
        {
            Expect(
                reader.Read() && reader.TokenType == JsonTokenType.String, MergesPath, $"entry {rank} is no pair");
            pair[side] = Find(JsonText.ReadToken(ref reader, _text, MergesPath), rank);
        }
        Expect(reader.Read() && reader.TokenType == JsonTokenType.EndArray, MergesPath, $"entry {rank} is no pair");
        return (pair[0], pair[1]);
    }

    private int Find(ReadOnlySpan<byte> token, int rank)
    {
        var id = Tokens.Find(ToModelBytes(token, out var reachable));
        return reachable && id >= 0 ? id : throw UnknownMerge(rank);
    }

    private int Join(int left, int right, int rank)
    {
        var first = Tokens.Bytes(left);
        var second = Tokens.Bytes(right);
        first.CopyTo(_joined);
        second.CopyTo(_joined.AsSpan(first.Length));
        var id = Tokens.Find(_joined.AsSpan(0, first.Length + second.Length));
        return id >= 0 ? id : throw UnknownMerge(rank);
    }

    private static TokenizerException UnknownMerge(int rank) => new(
        TokenizerFault.UnknownToken, $"{MergesPath} entry {rank} names or makes a token that model.vocab has not.");

    private static void Expect(bool holds, string path, string fault)
    {
        if (!holds)
        {
            throw Malformed(path, fault);
        }
    }

    private static TokenizerException Malformed(string path, string fault) =>
        new(TokenizerFault.Malformed, $"{path}: {fault}.");
}
