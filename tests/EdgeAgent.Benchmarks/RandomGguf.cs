using System.Globalization;
using System.Text;

namespace EdgeAgent.Benchmarks;

/// <summary>Writes a GGUF file of Llama-3.2-1B's shape: random blocks, Q4_0 with a head in Q6_K.</summary>
/// <remarks>The layout after ggml's docs/gguf.md; the types are those that llama-quantize gives for Q4_0.</remarks>
internal static class RandomGguf
{
    private const int Alignment = 32;
    private const uint F32 = 0;
    private const uint Q4 = 2;
    private const uint Q6 = 14;

    /// <summary>1/64 as a half: the size of every scale, so that no weight is infinite.</summary>
    private static readonly byte[] Scale = BitConverter.GetBytes((Half)0.015625f);

    public static void Write(string path, int layers, int seed)
    {
        var random = new Random(seed);
        var (tokens, merges) = RandomModel.Tokens(random);
        var tensors = RandomModel.Shapes(layers).ConvertAll(tensor => (Name: Name(tensor.Name), tensor.Shape,
            Type: tensor.Shape.Length == 1 ? F32 : tensor.Name.Contains("embed", StringComparison.Ordinal) ? Q6 : Q4));
        using var file = File.Create(path);
        using var writer = new BinaryWriter(file);
        WriteMetadata(new Fields(writer), layers, tensors.Count, tokens, merges);
        var offset = 0L;
        foreach (var (name, shape, type) in tensors)
        {
            new Fields(writer).String(name);
            writer.Write((uint)shape.Length);
            foreach (var dimension in shape.Reverse())
            {
                writer.Write((ulong)dimension);
            }
            writer.Write(type);
            writer.Write((ulong)offset);
            offset += Padded(SizeBytes(shape, type));
        }
        writer.Flush();
        writer.Write(new byte[Padded(file.Position) - file.Position]);
        foreach (var (_, shape, type) in tensors)
        {
            WriteBlocks(writer, SizeBytes(shape, type), type, random);
        }
    }

    private static void WriteMetadata(
        Fields fields, int layers, int tensors, List<string> tokens, List<(string Left, string Right)> merges)
    {
        fields.Begin(tensors, 14);
        fields.Text("general.architecture", "llama");
        fields.Number("llama.context_length", 131_072);
        fields.Number("llama.embedding_length", RandomModel.Hidden);
        fields.Number("llama.block_count", (uint)layers);
        fields.Number("llama.feed_forward_length", RandomModel.Ffn);
        fields.Number("llama.attention.head_count", 32);
        fields.Number("llama.attention.head_count_kv", 8);
        fields.Real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        fields.Real("llama.rope.freq_base", 500_000);
        fields.Text("tokenizer.ggml.model", "gpt2");
        fields.Text("tokenizer.ggml.pre", "gpt-2");
        fields.Texts("tokenizer.ggml.tokens", [.. tokens, RandomModel.EndToken]);
        fields.Texts("tokenizer.ggml.merges", merges.ConvertAll(merge => $"{merge.Left} {merge.Right}"));
        fields.Number("tokenizer.ggml.eos_token_id", RandomModel.Vocabulary - 1);
    }

    private static long Padded(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static long SizeBytes(long[] shape, uint type)
    {
        var elements = shape.Aggregate(1L, (all, n) => all * n);
        return type switch { F32 => elements * sizeof(float), Q4 => elements / 32 * 18, _ => elements / 256 * 210 };
    }

    /// <summary>Random weights; the scale stands first in a block of Q4_0 and last in one of Q6_K.</summary>
    private static void WriteBlocks(BinaryWriter writer, long bytes, uint type, Random random)
    {
        if (type == F32)
        {
            for (var i = 0; i < bytes; i += sizeof(float))
            {
                writer.Write(1f);
            }
        }
        var (size, at) = type == Q4 ? (18, 0) : (210, 208);
        var blocks = new byte[size * 4096];
        for (var left = type == F32 ? 0 : bytes; left > 0; left -= Math.Min(left, blocks.Length))
        {
            random.NextBytes(blocks);
            for (var block = 0; block < blocks.Length; block += size)
            {
                Scale.CopyTo(blocks, block + at);
            }
            writer.Write(blocks.AsSpan(0, (int)Math.Min(left, blocks.Length)));
        }
        writer.Write(new byte[Padded(bytes) - bytes]);
    }

    private static string Name(string name) => name switch
    {
        "model.embed_tokens.weight" => "token_embd.weight",
        "model.norm.weight" => "output_norm.weight",
        _ => name.Split('.') is [_, _, var layer, .., var part, "weight"] ? string.Create(CultureInfo.InvariantCulture,
            $"blk.{layer}.{Part(part)}.weight") : throw new ArgumentException(name),
    };

    private static string Part(string part) => part switch
    {
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        "q_proj" => "attn_q",
        "k_proj" => "attn_k",
        "v_proj" => "attn_v",
        "o_proj" => "attn_output",
        "gate_proj" => "ffn_gate",
        "up_proj" => "ffn_up",
        "down_proj" => "ffn_down",
        _ => throw new ArgumentException(part),
    };

    /// <summary>Writes the fields before the tensors.</summary>
    private sealed class Fields(BinaryWriter writer)
    {
        public void Begin(int tensors, int fields)
        {
            writer.Write("GGUF"u8);
            writer.Write(3u);
            writer.Write((ulong)tensors);
            writer.Write((ulong)fields);
        }

        public void String(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            writer.Write((ulong)bytes.Length);
            writer.Write(bytes);
        }

        public void Number(string key, uint value)
        {
            Key(key, 4);
            writer.Write(value);
        }

        public void Real(string key, float value)
        {
            Key(key, 6);
            writer.Write(value);
        }

        public void Text(string key, string value)
        {
            Key(key, 8);
            String(value);
        }

        public void Texts(string key, List<string> values)
        {
            Key(key, 9);
            writer.Write(8u);
            writer.Write((ulong)values.Count);
            values.ForEach(String);
        }

        private void Key(string key, uint type)
        {
            String(key);
            writer.Write(type);
        }
    }
}
