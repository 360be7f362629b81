using System.Text;
using System.Text.Json.Nodes;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>What a tokenizer file may not be (S24): each fault has its name and says where.</summary>
public sealed class TokenizerLimitsTests
{
    private readonly JsonObject _file = SmallTokenizer.Pieces();

    private JsonObject Model => _file["model"]!.AsObject();

    [Fact]
    public void A_valid_file_is_taken() => Assert.Equal(264, SmallTokenizer.Load(_file).VocabularySize);

    [Fact]
    public void A_file_above_64_MiB_is_refused() =>
        Refuses(TokenizerFault.LimitExceeded, "67108864", new byte[TokenizerLimits.FileBytes + 1]);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"model\":")]
    [InlineData("{\"model\":{}} x")]
    [InlineData("{\"model\":7}")]
    [InlineData("\xFF\xFE")]
    public void What_is_no_tokenizer_file_is_refused(string json) =>
        Assert.Throws<TokenizerException>(() => Tokenizer.Load(Encoding.Latin1.GetBytes(json)));

    [Fact]
    public void Nesting_above_64_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 65)) + string.Concat(Enumerable.Repeat("]", 65));
        _file["extra"] = JsonNode.Parse(deep, documentOptions: new() { MaxDepth = 100 });
        var json = _file.ToJsonString(new() { MaxDepth = 100 });
        Refuses(TokenizerFault.Malformed, "depth", Encoding.UTF8.GetBytes(json));
    }

    [Theory]
    [InlineData("-1", TokenizerFault.Malformed)]
    [InlineData("2147483648", TokenizerFault.Malformed)]
    [InlineData("1e3", TokenizerFault.Malformed)]
    [InlineData("1048576", TokenizerFault.LimitExceeded)]
    [InlineData("100000", TokenizerFault.LimitExceeded)]
    [InlineData("260", TokenizerFault.Duplicate)]
    public void An_id_that_is_no_place_in_an_array_is_refused(string id, TokenizerFault fault)
    {
        Model["vocab"]!["new"] = JsonNode.Parse(id);
        Refuses(fault, "model.vocab");
    }

    [Fact]
    public void A_token_above_a_kilobyte_is_refused()
    {
        Model["vocab"]![new string('x', 1025)] = 264;
        Refuses(TokenizerFault.LimitExceeded, "1024");
    }

    [Fact]
    public void A_token_that_comes_twice_is_refused()
    {
        var json = _file.ToJsonString().Replace("\"a\":260", "\"a\":260,\"a\":264", StringComparison.Ordinal);
        Refuses(TokenizerFault.Duplicate, "two ids", Encoding.UTF8.GetBytes(json));
    }

    [Theory]
    [InlineData("""["a","zz"]""", TokenizerFault.UnknownToken)]
    [InlineData("""["b","a"]""", TokenizerFault.UnknownToken)]
    [InlineData("""["a"]""", TokenizerFault.Malformed)]
    [InlineData("\"a b c\"", TokenizerFault.Malformed)]
    [InlineData("7", TokenizerFault.Malformed)]
    public void A_merge_of_what_is_not_in_the_vocabulary_is_refused(string merge, TokenizerFault fault)
    {
        Model["merges"]!.AsArray().Add(JsonNode.Parse(merge));
        Refuses(fault, "model.merges");
    }

    [Theory]
    [InlineData("""{"id":9,"content":"</s>","special":true}""", TokenizerFault.Duplicate)]
    [InlineData("""{"id":2,"content":"<x>","special":true}""", TokenizerFault.Duplicate)]
    [InlineData("""{"id":5,"content":"<x>","special":true}""", TokenizerFault.Duplicate)]
    [InlineData("""{"id":264,"content":"ab","special":true}""", TokenizerFault.Duplicate)]
    [InlineData("""{"id":260,"content":"a","special":true}""", TokenizerFault.Unsupported)]
    [InlineData("""{"id":2000000,"content":"<x>"}""", TokenizerFault.LimitExceeded)]
    [InlineData("""{"id":100000,"content":"<x>"}""", TokenizerFault.LimitExceeded)]
    [InlineData("""{"id":264,"content":""}""", TokenizerFault.LimitExceeded)]
    [InlineData("""{"id":-1,"content":"<x>"}""", TokenizerFault.LimitExceeded)]
    [InlineData("""{"content":"<x>"}""", TokenizerFault.MissingField)]
    public void An_added_token_that_is_another_or_plain_text_is_refused(string token, TokenizerFault fault)
    {
        _file["added_tokens"]!.AsArray().Add(JsonNode.Parse(token));
        Refuses(fault, "added_tokens");
    }

    [Fact]
    public void More_than_10000_added_tokens_are_refused()
    {
        for (var i = 0; i < 10_000; i++)
        {
            _file["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 1000 + i, ["content"] = $"<{i}>" });
        }
        Refuses(TokenizerFault.LimitExceeded, "10000");
    }

    [Theory]
    [InlineData("""{"type":"Split","pattern":{"Regex":"(a+)+b"},"behavior":"Isolated"}""", "(a+)+b")]
    [InlineData("""{"type":"Whitespace"}""", "Whitespace")]
    [InlineData("""{"type":"Split","pattern":{"String":" "},"behavior":"Removed"}""", "Removed")]
    public void A_pre_tokenizer_that_is_not_on_the_list_is_refused_by_name(string json, string name)
    {
        _file["pre_tokenizer"] = JsonNode.Parse(json);
        Refuses(TokenizerFault.Unsupported, name);
    }

    [Theory]
    [InlineData("normalizer", """{"type":"Lowercase"}""")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"(a+)+b"},"content":""}""")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"String":" "},"content":"xxxxxxxxxxxxxxxxxxxxx"}""")]
    [InlineData("decoder", """{"type":"WordPiece"}""")]
    [InlineData("decoder", """{"type":"ByteLevel"}""")]
    public void A_normalizer_or_decoder_that_is_not_on_the_list_is_refused(string field, string json)
    {
        _file[field] = JsonNode.Parse(json);
        Refuses(TokenizerFault.Unsupported, field);
    }

    [Theory]
    [InlineData("type", "\"Unigram\"")]
    [InlineData("dropout", "0.1")]
    [InlineData("end_of_word_suffix", "\"</w>\"")]
    public void A_model_that_is_not_plain_BPE_is_refused(string field, string value)
    {
        Model[field] = JsonNode.Parse(value);
        Refuses(TokenizerFault.Unsupported, $"model.{field}");
    }

    private void Refuses(TokenizerFault fault, string named, byte[]? json = null)
    {
        var error = Assert.Throws<TokenizerException>(() => Tokenizer.Load(json ?? SmallTokenizer.Bytes(_file)));
        Assert.Equal(fault, error.Fault);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
