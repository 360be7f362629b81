using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>S36: bent tokenizer files end in a tokenizer or in the declared exception.</summary>
public sealed class TokenizerFuzzTests(ITestOutputHelper output)
{
    // The last three cannot stand alone as a value.
    private static readonly string[] Splinters =
    [
        "null", "true", "[]", "{}", "-1", "0", "1e9", "65535", "1048575", "2147483648",
        "\"\"", "\"a\"", "\"▁\"", "\"<s>\"",
        "\"ByteLevel\"", "\"Sequence\"", "\"Metaspace\"", "\"NFC\"", "\"Digits\"", "\"Split\"",
        "\"Strip\"", "[\"a\",\"b\"]",
        "{\"type\":\"ByteLevel\"}", "{\"type\":\"Metaspace\",\"replacement\":\"▁\"}", "{\"String\":\" \"}",
        ",", ":", "\"\\ud800\"",
    ];

    [Fact]
    public void A_bent_file_is_refused_by_the_declared_exception_only() =>
        new FuzzLoop<TokenizerException>(seed: 20_260, output)
        {
            BudgetBytes = TokenizerLimits.FixedBytes,
            BudgetOfByte = TokenizerLimits.BytesOfByte,
            PassesHeader = FuzzLoop<TokenizerException>.IsJson,
        }.Run([.. Files().Select(SmallTokenizer.Bytes)], Bend, input => Tokenizer.Load(input), Use);

    private static IEnumerable<JsonNode> Files()
    {
        // Without the 256 bytes the interesting parts are a larger share of the file.
        foreach (var preTokenizer in (string[])
            [
                "null",
                """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}""",
                """{"type":"Split","pattern":{"String":"▁"},"behavior":"MergedWithNext","invert":false}""",
            ])
        {
            var file = SmallTokenizer.Pieces();
            var vocabulary = file["model"]!["vocab"]!.AsObject();
            for (var value = 0; value < 256; value++)
            {
                vocabulary.Remove($"<0x{value:X2}>");
            }
            file["pre_tokenizer"] = JsonNode.Parse(preTokenizer);
            yield return file;
        }
        yield return JsonNode.Parse(
            """
            {"added_tokens":[{"id":5,"content":"<|end|>","special":true,"normalized":true,"lstrip":true,"rstrip":true,
            "single_word":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prepend",
            "prepend":"x"}]},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits",
            "individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]},
            "decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":0,"b":1,"Ġ":2,"ab":3,"Ġab":4},
            "merges":["a b","Ġ ab"],"ignore_merges":true}}
            """)!;
    }

    private static byte[] Bend(byte[] valid, Random random)
    {
        var text = random.Next(3) > 0 ? BendTree(valid, random) : Encoding.UTF8.GetString(valid);
        for (var edits = random.Next(3) > 0 ? 0 : random.Next(1, 4); edits > 0; edits--)
        {
            text = random.Next(4) switch
            {
                0 => ReplaceValue(text, random),
                1 => ReplaceValue(text, random),
                2 => CopyPart(text, random),
                _ => FlipCharacter(text, random),
            };
        }
        return Encoding.UTF8.GetBytes(text);
    }

    /// <summary>Replaces a value somewhere in the tree, by a splinter or by another value of the file.</summary>
    private static string BendTree(byte[] valid, Random random)
    {
        var root = JsonNode.Parse(valid)!;
        var values = new List<JsonNode>();
        Collect(root, values);
        for (var edits = random.Next(1, 3); edits > 0; edits--)
        {
            var target = values[random.Next(1, values.Count)];
            var value = random.Next(2) == 0
                ? JsonNode.Parse(Splinters[random.Next(Splinters.Length - 3)])
                : values[random.Next(values.Count)].DeepClone();
            // A value whose parent was replaced before changes nothing any more, which does no harm.
            target.ReplaceWith(value);
        }
        return root.ToJsonString(new JsonSerializerOptions { MaxDepth = 200 });
    }

    private static void Collect(JsonNode node, List<JsonNode> values)
    {
        values.Add(node);
        var children = node is JsonObject members ? members.Select(member => member.Value) : node as JsonArray;
        foreach (var child in children ?? [])
        {
            if (child is not null)
            {
                Collect(child, values);
            }
        }
    }

    private static string ReplaceValue(string text, Random random)
    {
        var start = text.IndexOfAny([':', ',', '['], random.Next(text.Length)) + 1;
        var end = text.IndexOfAny([',', '}', ']'], start);
        return end < 0 ? text : text[..start] + Splinters[random.Next(Splinters.Length)] + text[end..];
    }

    private static string CopyPart(string text, Random random)
    {
        var start = text.IndexOf(',', random.Next(text.Length));
        var end = start < 0 ? -1 : text.IndexOf(',', start + 1);
        return end < 0 ? text : text.Insert(end, text[start..end]);
    }

    private static string FlipCharacter(string text, Random random)
    {
        var at = random.Next(text.Length);
        return text[..at] + (char)(text[at] ^ 1 << random.Next(7)) + text[(at + 1)..];
    }

    private static void Use(Tokenizer tokenizer, Random random)
    {
        var ids = tokenizer.Encode("ab <s>é ab\n\n12</s> <|end|> x", random.Next(2) == 0);
        tokenizer.Decode([.. ids], showSpecial: true);
    }
}
