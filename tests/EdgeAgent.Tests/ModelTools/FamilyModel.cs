using System.Text.Json.Nodes;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Writes a folder of a tiny random model of any family, weights alone, as a seed makes it.</summary>
internal static class FamilyModel
{
    public const int Layers = 3;
    public const int Vocabulary = 96;

    private const int Hidden = 64;
    private const int Ffn = 96;
    private const int Heads = 4;
    private const int KvHeads = 2;
    private const int Head = 32;

    /// <param name="changes">What config.json says beside the sizes, as a JSON object.</param>
    public static string Write(string folder, string family, string changes, int seed)
    {
        Directory.CreateDirectory(folder);
        var config = new JsonObject
        {
            ["model_type"] = family,
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Ffn,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KvHeads,
            ["head_dim"] = Head,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = 128,
            ["tie_word_embeddings"] = false,
            ["eos_token_id"] = 2,
        };
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        var random = new Random(seed);
        var hasBias = family == "qwen2" || config["attention_bias"]?.GetValue<bool>() == true;
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            Shapes(family, hasBias).Select(tensor => (tensor.Name, tensor.Shape, Values(tensor.Shape, random))));
        return folder;
    }

    private static IEnumerable<(string Name, long[] Shape)> Shapes(string family, bool hasBias)
    {
        yield return ("model.embed_tokens.weight", [Vocabulary, Hidden]);
        yield return ("lm_head.weight", [Vocabulary, Hidden]);
        yield return ("model.norm.weight", [Hidden]);
        for (var i = 0; i < Layers; i++)
        {
            foreach (var (name, shape) in Layer(family, hasBias))
            {
                yield return ($"model.layers.{i}.{name}", shape);
            }
        }
    }

    private static List<(string Name, long[] Shape)> Layer(string family, bool hasBias)
    {
        const long Queries = Heads * Head, Keys = KvHeads * Head;
        List<(string, long[])> tensors =
        [
            ("input_layernorm.weight", [Hidden]), ("post_attention_layernorm.weight", [Hidden]),
            ("self_attn.o_proj.weight", [Hidden, Queries]), ("mlp.down_proj.weight", [Hidden, Ffn]),
        ];
        tensors.AddRange(family == "phi3"
            ?
            [
                ("self_attn.qkv_proj.weight", [Queries + (2 * Keys), Hidden]),
                ("mlp.gate_up_proj.weight", [2 * Ffn, Hidden]),
            ]
            : new (string, long[])[]
            {
                ("self_attn.q_proj.weight", [Queries, Hidden]), ("self_attn.k_proj.weight", [Keys, Hidden]),
                ("self_attn.v_proj.weight", [Keys, Hidden]), ("mlp.gate_proj.weight", [Ffn, Hidden]),
                ("mlp.up_proj.weight", [Ffn, Hidden]),
            });
        if (hasBias)
        {
            tensors.AddRange([("self_attn.q_proj.bias", [Queries]), ("self_attn.k_proj.bias", [Keys]),
                ("self_attn.v_proj.bias", [Keys])]);
        }
        if (hasBias && family != "qwen2")
        {
            tensors.Add(("self_attn.o_proj.bias", [Hidden]));
        }
        if (family is "qwen3" or "gemma3_text")
        {
            tensors.AddRange([("self_attn.q_norm.weight", [Head]), ("self_attn.k_norm.weight", [Head])]);
        }
        if (family == "gemma3_text")
        {
            tensors.AddRange([("pre_feedforward_layernorm.weight", [Hidden]),
                ("post_feedforward_layernorm.weight", [Hidden])]);
        }
        return tensors;
    }

    private static float[] Values(long[] shape, Random random)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = shape.Length == 1 ? 0.75f + (random.NextSingle() / 2) : (random.NextSingle() - 0.5f) / 2;
        }
        return values;
    }
}
