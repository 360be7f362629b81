using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace EdgeAgent.EndToEnd;

/// <summary>Writes a Hugging Face folder of a Llama whose weights are zeros, which take no room on the disk.</summary>
internal sealed record ZeroModel(int Layers, int Hidden, int Ffn, int Heads, int Vocabulary)
{
    public const string WeightsFile = "model.safetensors";

    /// <summary>Bytes of the tensors, which come after the header of the file.</summary>
    private long _end;

    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["model_type"] = "llama",
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Ffn,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = Heads,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = 512,
            ["tie_word_embeddings"] = true,
            ["eos_token_id"] = 2,
        }.ToJsonString());
        var text = Encoding.UTF8.GetBytes(Header().ToJsonString());
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        using var file = File.Create(Path.Combine(folder, WeightsFile));
        file.Write([.. length, .. text]);
        file.SetLength(file.Length + _end);
        return folder;
    }

    /// <summary>Gives a folder a tokenizer of a few tokens and a chat template.</summary>
    public static string WriteTexts(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"),
            """
            {"added_tokens":[{"id":2,"content":"</s>","special":true}],"normalizer":null,
            "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},
            "decoder":{"type":"ByteLevel"},
            "model":{"type":"BPE","vocab":{"a":0,"b":1,"</s>":2,"ab":3},"merges":["a b"]}}
            """);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"),
            """{"chat_template":"{{ messages[0].content }}","eos_token":"</s>"}""");
        return folder;
    }

    private JsonObject Header()
    {
        var header = new JsonObject();
        _end = 0;
        Add("model.embed_tokens", Vocabulary, Hidden);
        Add("model.norm", Hidden);
        for (var layer = 0; layer < Layers; layer++)
        {
            Array.ForEach(["input_layernorm", "post_attention_layernorm"],
                n => Add($"model.layers.{layer}.{n}", Hidden));
            Array.ForEach(["q_proj", "k_proj", "v_proj", "o_proj"],
                n => Add($"model.layers.{layer}.self_attn.{n}", Hidden, Hidden));
            Array.ForEach(["gate_proj", "up_proj"], n => Add($"model.layers.{layer}.mlp.{n}", Ffn, Hidden));
            Add($"model.layers.{layer}.mlp.down_proj", Hidden, Ffn);
        }
        return header;

        void Add(string name, params long[] shape)
        {
            var begin = _end;
            _end += sizeof(ushort) * shape.Aggregate(1L, (all, n) => all * n);
            header[$"{name}.weight"] = new JsonObject
            {
                ["dtype"] = "BF16",
                ["shape"] = new JsonArray([.. shape.Select(n => (JsonNode)n)]),
                ["data_offsets"] = new JsonArray(begin, _end),
            };
        }
    }
}
