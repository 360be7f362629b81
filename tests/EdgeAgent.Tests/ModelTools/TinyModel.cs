using System.Text.Json.Nodes;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Writes a Hugging Face folder of a tiny random Llama-type model, as a seed makes it.</summary>
internal static class TinyModel
{
    public const int Hidden = 32;
    public const int Ffn = 64;
    public const int Layers = 2;
    public const int Vocabulary = 4096;

    public static string Write(string folder, int seed, bool tied = true)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config(tied).ToJsonString());
        File.WriteAllText(Path.Combine(folder, "pruning.json"),
            """{"slice_width":32,"slices":2,"levels":[{"kept_slices":[2,2]},{"kept_slices":[1,0]}]}""");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"),
            """{"chat_template":"{{ messages }}","eos_token":"<|im_end|>"}""");
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"eos_token_id":2}""");
        File.Copy(Path.Combine(NanoReference.Folder, "tokenizer.json"), Path.Combine(folder, "tokenizer.json"));
        WriteWeights(Path.Combine(folder, "model.safetensors"), new Random(seed), tied);
        return folder;
    }

    /// <summary>Makes the model anew, with more FFN channels and no levels.</summary>
    /// <param name="loudness">Gain of every eighth channel of each norm.</param>
    public static void WriteWithoutLevels(string folder, int seed, int channels, float loudness = 1)
    {
        var config = Config();
        config["intermediate_size"] = channels;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        File.Delete(Path.Combine(folder, "pruning.json"));
        WriteWeights(Path.Combine(folder, "model.safetensors"), new Random(seed), tied: true, channels, loudness);
    }

    public static JsonObject Config(bool tied = true) => new()
    {
        ["model_type"] = "llama",
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = Ffn,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = 2,
        ["num_key_value_heads"] = 1,
        ["head_dim"] = 16,
        ["vocab_size"] = Vocabulary,
        ["max_position_embeddings"] = 64,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 5000.0,
        ["tie_word_embeddings"] = tied,
    };

    public static PackageManifest Import(ImportOptions options, Action<long>? progress = null) =>
        ModelImport.Run(options, progress, TestContext.Current.CancellationToken);

    private static void WriteWeights(string path, Random random, bool tied, int ffn = Ffn, float loudness = 1)
    {
        var tensors = new List<(string Name, long[] Shape, float[] Values)>();
        Add("model.embed_tokens.weight", Vocabulary, Hidden);
        for (var i = 0; i < Layers; i++)
        {
            var layer = $"model.layers.{i}";
            Add($"{layer}.input_layernorm.weight", Hidden);
            Add($"{layer}.self_attn.q_proj.weight", 32, Hidden);
            Add($"{layer}.self_attn.k_proj.weight", 16, Hidden);
            Add($"{layer}.self_attn.v_proj.weight", 16, Hidden);
            Add($"{layer}.self_attn.o_proj.weight", Hidden, 32);
            Add($"{layer}.post_attention_layernorm.weight", Hidden);
            Add($"{layer}.mlp.gate_proj.weight", ffn, Hidden);
            Add($"{layer}.mlp.up_proj.weight", ffn, Hidden);
            Add($"{layer}.mlp.down_proj.weight", Hidden, ffn);
        }
        Add("model.norm.weight", Hidden);
        if (!tied)
        {
            Add("lm_head.weight", Vocabulary, Hidden);
        }
        SafetensorsWriter.Write(path, tensors);

        void Add(string name, params long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = shape.Length == 1
                    ? (i % 8 == 3 && name != "model.norm.weight" ? loudness : 1) + (random.NextSingle() / 4)
                    : random.NextSingle() - 0.5f;
            }
            tensors.Add((name, shape, values));
        }
    }
}
