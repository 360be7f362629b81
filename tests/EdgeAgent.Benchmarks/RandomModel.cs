using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeAgent.Tests.ModelTools;

namespace EdgeAgent.Benchmarks;

/// <summary>Writes a Hugging Face folder of Llama-3.2-1B's shape with random weights in BF16.</summary>
/// <remarks>Sizes from meta-llama/Llama-3.2-1B, config.json. It says nothing about quality.</remarks>
internal static class RandomModel
{
    public const int Hidden = 2048;
    public const int Ffn = 8192;
    public const int Vocabulary = 128_256;
    public const string EndToken = "<|end|>";
    private const int Keys = 512;
    private const int Chunk = 1 << 22;
    private const float Deviation = 0.02f;

    public static void Write(string folder, int layers, int seed)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["model_type"] = "llama",
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Ffn,
            ["num_hidden_layers"] = layers,
            ["num_attention_heads"] = 32,
            ["num_key_value_heads"] = 8,
            ["head_dim"] = 64,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = 131_072,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 500_000.0,
            ["tie_word_embeddings"] = true,
            ["eos_token_id"] = Vocabulary - 1,
        }.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{}");
        WriteTokenizer(Path.Combine(folder, "tokenizer.json"), new Random(seed));
        WriteWeights(Path.Combine(folder, "model.safetensors"), Shapes(layers), new Random(seed));
    }

    /// <summary>Every tensor; shapes are row-major.</summary>
    public static List<(string Name, long[] Shape)> Shapes(int layers)
    {
        List<(string, long[])> shapes =
            [("model.embed_tokens.weight", [Vocabulary, Hidden]), ("model.norm.weight", [Hidden])];
        for (var i = 0; i < layers; i++)
        {
            var layer = $"model.layers.{i}";
            shapes.AddRange(
            [
                ($"{layer}.input_layernorm.weight", [Hidden]), ($"{layer}.self_attn.q_proj.weight", [Hidden, Hidden]),
                ($"{layer}.self_attn.k_proj.weight", [Keys, Hidden]),
                ($"{layer}.self_attn.v_proj.weight", [Keys, Hidden]),
                ($"{layer}.self_attn.o_proj.weight", [Hidden, Hidden]),
                ($"{layer}.post_attention_layernorm.weight", [Hidden]),
                ($"{layer}.mlp.gate_proj.weight", [Ffn, Hidden]), ($"{layer}.mlp.up_proj.weight", [Ffn, Hidden]),
                ($"{layer}.mlp.down_proj.weight", [Hidden, Ffn]),
            ]);
        }
        return shapes;
    }

    private static void WriteWeights(string path, List<(string Name, long[] Shape)> tensors, Random random)
    {
        using var file = File.Create(path);
        SafetensorsWriter.WriteHeader(file, "BF16", sizeof(ushort), tensors);
        // Normally distributed numbers, drawn from so many of them that were made once.
        var drawn = new ushort[1 << 16];
        for (var i = 0; i < drawn.Length; i++)
        {
            var size = Deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            var value = (float)(size * Math.Cos(2 * Math.PI * random.NextDouble()));
            drawn[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
        }
        var values = new ushort[Chunk];
        foreach (var (_, shape) in tensors)
        {
            var left = shape.Aggregate(1L, (all, n) => all * n);
            while (left > 0)
            {
                var part = values.AsSpan(0, (int)Math.Min(left, Chunk));
                if (shape.Length == 1)
                {
                    part.Fill(0x3F80);
                }
                else
                {
                    random.NextBytes(MemoryMarshal.AsBytes(part));
                    for (var i = 0; i < part.Length; i++)
                    {
                        part[i] = drawn[part[i]];
                    }
                }
                file.Write(MemoryMarshal.AsBytes(part));
                left -= part.Length;
            }
        }
    }

    /// <summary>All tokens but the last, which ends a text: each made of two earlier ones.</summary>
    public static (List<string> Tokens, List<(string Left, string Right)> Merges) Tokens(Random random)
    {
        // GPT-2's alphabet: printable bytes stand for themselves, the others for letters from 256 on.
        var next = 256;
        var tokens = Enumerable.Range(0, 256).Select(value =>
            ((char)(value is (> 32 and < 127) or (> 160 and not 173) ? value : next++)).ToString()).ToList();
        var known = tokens.ToHashSet(StringComparer.Ordinal);
        var merges = new List<(string Left, string Right)>();
        while (tokens.Count < Vocabulary - 1)
        {
            var (left, right) = (tokens[random.Next(tokens.Count)], tokens[random.Next(Math.Min(tokens.Count, 4096))]);
            if (left.Length + right.Length <= 12 && known.Add(left + right))
            {
                tokens.Add(left + right);
                merges.Add((left, right));
            }
        }
        return (tokens, merges);
    }

    /// <summary>Byte-level BPE with as many tokens as the model has.</summary>
    private static void WriteTokenizer(string path, Random random)
    {
        var (tokens, merges) = Tokens(random);
        using var file = File.Create(path);
        using var json = new Utf8JsonWriter(file);
        json.WriteStartObject();
        json.WritePropertyName("added_tokens");
        json.WriteRawValue($$"""[{"id":{{Vocabulary - 1}},"content":"{{EndToken}}","special":true}]""");
        json.WritePropertyName("pre_tokenizer");
        json.WriteRawValue("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}""");
        json.WritePropertyName("decoder");
        json.WriteRawValue("""{"type":"ByteLevel"}""");
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteStartObject("vocab");
        for (var id = 0; id < tokens.Count; id++)
        {
            json.WriteNumber(tokens[id], id);
        }
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in merges)
        {
            json.WriteStartArray();
            json.WriteStringValue(left);
            json.WriteStringValue(right);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
