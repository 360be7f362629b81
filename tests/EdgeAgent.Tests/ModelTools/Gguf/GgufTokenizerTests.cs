using System.Text.Json;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelTools.Import.Gguf;
using EdgeAgent.Tests.Inference.Tokenizers;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>The tokenizers of the families give the same tokens when they come by way of GGUF metadata.</summary>
public sealed class GgufTokenizerTests
{
    [Theory]
    [InlineData("gpt2", "gpt-2")]
    [InlineData("digits", "smollm")]
    [InlineData("qwen2", "qwen2")]
    [InlineData("llama3", "smaug-bpe")]
    public void Byte_level_tokens_are_those_of_the_reference(string family, string pre)
    {
        using var document = Open(family, out var vectors);
        var model = document.RootElement.GetProperty("model");
        var merges = model.GetProperty("merges").EnumerateArray()
            .Select(merge => $"{merge[0].GetString()} {merge[1].GetString()}").ToArray();
        var file = new GgufWriter().Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", pre)
            .Texts("tokenizer.ggml.merges", merges);
        TokenizerVectorTests.Check(Load(file, document), vectors);
    }

    [Theory]
    [InlineData("llama2", true)]
    [InlineData("gemma", false)]
    public void Scored_pieces_give_the_tokens_of_the_reference(string family, bool prefix)
    {
        using var document = Open(family, out var vectors);
        // A piece's score falls with the rank of the first merge that makes it.
        var (tokens, ranks) = (Tokens(document), new Dictionary<string, int>(StringComparer.Ordinal));
        foreach (var merge in document.RootElement.GetProperty("model").GetProperty("merges").EnumerateArray())
        {
            ranks.TryAdd(merge[0].GetString() + merge[1].GetString(), ranks.Count);
        }
        var file = new GgufWriter().Text("tokenizer.ggml.model", "llama")
            .Flag("tokenizer.ggml.add_space_prefix", prefix)
            .UInt32("tokenizer.ggml.unknown_token_id", (uint)Array.IndexOf(tokens, "<unk>"))
            .Reals("tokenizer.ggml.scores",
                [.. tokens.Select(token => ranks.TryGetValue(token, out var rank) ? -rank : -1e6f)]);
        TokenizerVectorTests.Check(Load(file, document), vectors);
    }

    private static JsonDocument Open(string family, out string vectors)
    {
        vectors = Repository.SharedPath($"models/tokenizers/{family}/vectors.json");
        return JsonDocument.Parse(
            File.ReadAllBytes(Repository.SharedPath($"models/tokenizers/{family}/tokenizer.json")));
    }

    private static string[] Tokens(JsonDocument document) => [.. document.RootElement.GetProperty("model")
        .GetProperty("vocab").EnumerateObject().OrderBy(token => token.Value.GetInt32()).Select(token => token.Name)];

    private static Tokenizer Load(GgufWriter file, JsonDocument document)
    {
        var tokens = Tokens(document);
        var types = tokens.Select(token => token is ['<', '0', 'x', _, _, '>'] ? 6 : 1).ToArray();
        foreach (var added in document.RootElement.GetProperty("added_tokens").EnumerateArray())
        {
            types[added.GetProperty("id").GetInt32()] = added.GetProperty("special").GetBoolean() ? 3 : 4;
        }
        file.Texts("tokenizer.ggml.tokens", tokens).Numbers("tokenizer.ggml.token_type", types);
        var metadata = GgufHeader.Read(new MemoryStream(file.ToArray()), "tokenizer.gguf").Metadata;
        return Tokenizer.Load(GgufTokenizer.ToJson(metadata, GgufVocabulary.Read(metadata)));
    }
}
