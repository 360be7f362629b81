using System.Text;
using System.Text.Json.Nodes;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>S26: special tokens count where a template wrote them, and nowhere else.</summary>
public sealed class SpecialTokenTests
{
    private const int End = 2;

    [Fact]
    public void A_special_token_in_plain_text_stays_text()
    {
        var tokenizer = SmallTokenizer.Load(SmallTokenizer.Pieces());
        Assert.DoesNotContain(End, tokenizer.Encode("ab</s>"));
        Assert.Equal([262, End], tokenizer.Encode("ab</s>", special: true));
    }

    [Fact]
    public void A_special_token_made_of_template_and_message_together_stays_text()
    {
        var tokenizer = SmallTokenizer.Load(SmallTokenizer.Pieces());
        TemplateSpan[] spans = [new("</", true), new("s>", false), new("</s", false), new(">", true)];
        var ids = new List<int>();
        ChatPrompt.Encode(tokenizer, spans, ids);
        Assert.DoesNotContain(End, ids);
        ids.Clear();
        ChatPrompt.Encode(tokenizer, [new("</", true), new("s>", true)], ids);
        Assert.Equal([End], ids);
    }

    [Fact]
    public void Text_on_both_sides_of_a_border_is_tokenized_together()
    {
        var tokenizer = SmallTokenizer.Load(SmallTokenizer.Pieces());
        var ids = new List<int>();
        ChatPrompt.Encode(tokenizer, [new("</s> a", true), new("b", false)], ids);
        Assert.Equal([End, 263], ids);
    }

    [Fact]
    public void A_mark_that_the_file_does_not_call_special_stays_text_too()
    {
        var file = SmallTokenizer.Pieces();
        file["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 264, ["content"] = "<|user|>" });
        var tokenizer = SmallTokenizer.Load(file);
        Assert.DoesNotContain(264, tokenizer.Encode("<|user|>"));
        Assert.Equal([264], tokenizer.Encode("<|user|>", special: true));
        Assert.False(tokenizer.IsSpecial(264));
    }

    [Fact]
    public void Blanks_that_are_added_tokens_count_in_any_text()
    {
        var file = SmallTokenizer.Pieces();
        var blank = new JsonObject { ["id"] = 264, ["content"] = "\n\n\n", ["normalized"] = false };
        file["added_tokens"]!.AsArray().Add(blank);
        Assert.Equal([260, 264, 261], SmallTokenizer.Load(file).Encode("a\n\n\nb"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Template_and_message_stay_apart_through_the_normalizer(bool normalized)
    {
        var file = SmallTokenizer.Pieces();
        file["added_tokens"]!.AsArray()[End]!["normalized"] = normalized;
        var ids = new List<int>();
        TemplateSpan[] spans = [new("a </s> ", true), new("é a </s> ", false), new("b</s>", true)];
        ChatPrompt.Encode(SmallTokenizer.Load(file), spans, ids);
        Assert.Equal(2, ids.Count(id => id == End));
    }

    [Fact]
    public void A_merge_never_makes_a_special_token()
    {
        var file = SmallTokenizer.Pieces();
        file["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 262, ["content"] = "ab", ["special"] = true });
        var tokenizer = SmallTokenizer.Load(file);
        Assert.Equal([260, 261], tokenizer.Encode("ab"));
        Assert.Equal([262], tokenizer.Encode("ab", special: true));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_become_the_replacement_character()
    {
        var tokenizer = SmallTokenizer.Load(SmallTokenizer.Pieces());
        var ids = new List<int>();
        tokenizer.Encode([(byte)'a', 0xFF, 0xE6, 0xB8, (byte)'b'], ids);
        Assert.Equal("a\uFFFD\uFFFDb", tokenizer.Decode([.. ids]));
        Assert.Equal(Encoding.UTF8.GetBytes("a\uFFFD\uFFFDb").Length, ids.Count);
    }
}
