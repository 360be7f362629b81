using System.Text;
using System.Text.Json.Nodes;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>A valid tokenizer.json of a kilobyte, to be bent by tests.</summary>
internal static class SmallTokenizer
{
    /// <summary>SentencePiece style: bytes from id 3, ▁ = 259, a = 260, b = 261, ab = 262, ▁ab = 263.</summary>
    public static JsonObject Pieces()
    {
        var vocabulary = new JsonObject { ["<unk>"] = 0, ["<s>"] = 1, ["</s>"] = 2 };
        for (var value = 0; value < 256; value++)
        {
            vocabulary[$"<0x{value:X2}>"] = 3 + value;
        }
        foreach (var token in (string[])["▁", "a", "b", "ab", "▁ab"])
        {
            vocabulary[token] = vocabulary.Count;
        }
        var file = JsonNode.Parse(
            """
            {"version":"1.0","added_tokens":[{"id":0,"content":"<unk>","special":true},
            {"id":1,"content":"<s>","special":true},{"id":2,"content":"</s>","special":true}],
            "normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre_tokenizer":null,
            "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
            {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
            "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,
            "merges":[["a","b"],["▁","ab"]]}}
            """)!.AsObject();
        file["model"]!["vocab"] = vocabulary;
        return file;
    }

    public static byte[] Bytes(JsonNode file) => Encoding.UTF8.GetBytes(file.ToJsonString());

    public static Tokenizer Load(JsonNode file) => Tokenizer.Load(Bytes(file));

    public static List<int> Encode(this Tokenizer tokenizer, string text, bool special = false)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids, special);
        return ids;
    }
}
