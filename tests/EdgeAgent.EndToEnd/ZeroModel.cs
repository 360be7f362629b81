using System.Text.Json.Nodes;
using EdgeAgent.Tests.ModelTools;

namespace EdgeAgent.EndToEnd;

/// <summary>Writes a Hugging Face folder of a Llama whose weights are zeros, which take no room on the disk.</summary>
internal sealed record ZeroModel(int Layers, int Hidden, int Ffn, int Heads, int Vocabulary)
{
    public const string WeightsFile = "model.safetensors";

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
        using var file = File.Create(Path.Combine(folder, WeightsFile));
        var content = SafetensorsWriter.WriteHeader(file, "BF16", sizeof(ushort), Shapes());
        file.SetLength(file.Length + content);
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

    private List<(string Name, long[] Shape)> Shapes()
    {
        var shapes = new List<(string Name, long[] Shape)>();
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
        return shapes;

        void Add(string name, params long[] shape) => shapes.Add(($"{name}.weight", shape));
    }
}
