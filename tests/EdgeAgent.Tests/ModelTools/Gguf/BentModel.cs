namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>Writes a model of four empty layers, whole or with one thing wrong.</summary>
internal static class BentModel
{
    private const int Hidden = 64;
    private const int Ffn = 192;

    /// <param name="template">Its chat template; null: it has none.</param>
    public static byte[] Make(string kind, string? template = null)
    {
        bool Is(string other) => kind == other;
        var file = new GgufWriter()
            .Text("general.architecture", Is("unknown architecture") ? "mamba" : "llama")
            .UInt32("llama.context_length", 64).UInt32("llama.embedding_length", Hidden)
            .UInt32("llama.block_count", Is("layer missing") ? 5u : 4u)
            .UInt32("llama.feed_forward_length", Is("shape") ? 128u : Ffn)
            .UInt32("llama.attention.head_count", 4)
            .UInt32("llama.attention.head_count_kv", Is("heads") ? 3u : 2u)
            .Real("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .UInt32("llama.expert_count", Is("experts") ? 8u : 0u)
            .Text("tokenizer.ggml.model", Is("tokenizer kind") ? "wordpiece" : "gpt2")
            .Text("tokenizer.ggml.pre", Is("pre-tokenizer") ? "none" : "gpt-2")
            .Texts("tokenizer.ggml.tokens", [.. Tokens().Take(Is("more tokens than rows") ? 6 : 4)])
            .Texts("tokenizer.ggml.merges", Is("merge") ? "a c" : "a b");
        if (Is("licence"))
        {
            file.Text("general.license", "apache-2.0");
        }
        if (Is("split"))
        {
            file.UInt32("split.count", 3);
        }
        if (!Is("no stop token"))
        {
            file.UInt32("tokenizer.ggml.eos_token_id", Is("stop token") ? 4u : 0u);
        }
        if (template is not null)
        {
            file.Text("tokenizer.chat_template", template);
        }
        file.Tensor("token_embd.weight", [4, Hidden], new float[4 * Hidden])
            .Tensor("output_norm.weight", [Hidden], new float[Hidden]);
        for (var layer = 0; layer < 4; layer++)
        {
            void Add(string name, params long[] shape) => file.Tensor(
                $"blk.{layer}.{name}.weight", shape, type: 0,
                new byte[sizeof(float) * shape.Aggregate(1L, (all, n) => all * n)],
                Is("offset") && name == "ffn_up" ? 1UL << 40 : null);
            Add("attn_norm", Hidden);
            Add("attn_q", Hidden, Hidden);
            Add("attn_k", Hidden / 2, Hidden);
            Add("attn_v", Hidden / 2, Hidden);
            Add("attn_output", Hidden, Hidden);
            Add("ffn_norm", Hidden);
            Add("ffn_gate", Ffn, Hidden);
            Add("ffn_up", Ffn, Hidden);
            Add("ffn_down", Hidden, Ffn);
        }
        return file.ToArray();
    }

    private static string[] Tokens() => ["</s>", "a", "b", "ab", "c", "d"];
}
