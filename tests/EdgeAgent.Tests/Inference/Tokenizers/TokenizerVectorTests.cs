using System.Text.Json;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>Tokens and texts must be those of the reference, for every family.</summary>
public sealed class TokenizerVectorTests
{
    [Theory]
    [InlineData("digits")]
    [InlineData("gemma")]
    [InlineData("gpt2")]
    [InlineData("llama2")]
    [InlineData("llama3")]
    [InlineData("qwen2")]
    [InlineData("smollm")]
    public void Tokens_and_decoded_text_are_those_of_the_reference(string family)
    {
        var tokenizer = Tokenizer.LoadFile(Repository.SharedPath($"models/tokenizers/{family}/tokenizer.json"));
        Check(tokenizer, Repository.SharedPath($"models/tokenizers/{family}/vectors.json"));
    }

    [Fact]
    public void Tokens_of_the_tokenizer_inside_gguf_models_are_those_of_the_reference() => Check(
        Tokenizer.LoadFile(Repository.SharedPath("models/gguf/tokenizer.json")),
        Repository.SharedPath("models/gguf/vectors.json"));

    [Fact]
    public void Prompts_of_SmolLM2_become_the_tokens_of_the_reference()
    {
        var tokenizer = Tokenizer.LoadFile(Repository.SharedPath("models/tokenizers/smollm/tokenizer.json"));
        var file = File.ReadAllBytes(Repository.SharedPath("models/smollm2/reference.json"));
        using var reference = JsonDocument.Parse(file);
        foreach (var item in reference.RootElement.GetProperty("cases").EnumerateArray())
        {
            var ids = new List<int>();
            tokenizer.Encode(item.GetProperty("rendered").GetString()!, ids, recogniseSpecial: true);
            Assert.Equal(item.GetProperty("prompt_tokens").EnumerateArray().Select(id => id.GetInt32()), ids);
        }
    }

    internal static void Check(Tokenizer tokenizer, string vectors)
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(vectors));
        foreach (var vector in cases.RootElement.EnumerateArray())
        {
            var text = vector.GetProperty("text").GetString()!;
            var expected = vector.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToList();
            var ids = new List<int>();
            tokenizer.Encode(text, ids, recogniseSpecial: true);
            Assert.True(expected.SequenceEqual(ids), $"{text}: {string.Join(' ', ids)}");
            if (vector.TryGetProperty("decoded", out var decoded))
            {
                Assert.Equal(decoded.GetString(), tokenizer.Decode([.. ids], showSpecial: true));
            }
        }
    }
}
