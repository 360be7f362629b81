using System.Text.Json;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>Writes a tiny Hugging Face model as GGUF, with the keys and names of llama.cpp's converter.</summary>
/// <remarks>
/// After ggml-org/llama.cpp: conversion/base.py, llama.py (rows of Q and K permuted), gemma.py (gains + 1, no head);
/// gguf-py/gguf/constants.py for keys, tensor_mapping.py for names. Where an architecture has a fixed rule for its
/// layers that the tiny model does not keep, layers that change nothing are put between: their output projections are
/// zero, so what is expected stays what transformers computed.
/// </remarks>
internal sealed class TinyGguf(string folder, string architecture)
{
    private readonly JsonElement _config = Open(folder);

    /// <summary>The layer of the folder that each layer is; null: one that changes nothing.</summary>
    public required IReadOnlyList<int?> Layers { get; init; }

    /// <summary>Rows of query and key in the pairs that turn together.</summary>
    public bool PairsRows { get; init; }

    /// <summary>Every norm is a norm of Gemma: gains are stored plus 1, and there are four of them.</summary>
    public bool Gemma { get; init; }

    public bool HasHead { get; init; }

    /// <summary>Further metadata fields.</summary>
    public Action<GgufWriter> Fields { get; init; } = _ => { };

    public byte[] Make()
    {
        using var source = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        var shapes = source.Entries.ToDictionary(entry => entry.Name, entry => entry.Shape);
        var file = new GgufWriter();
        WriteMetadata(file, (int)shapes["model.embed_tokens.weight"][0]);
        Add("token_embd.weight", "model.embed_tokens.weight");
        Add("output_norm.weight", "model.norm.weight");
        if (HasHead)
        {
            Add("output.weight", "lm_head.weight");
        }
        for (var i = 0; i < Layers.Count; i++)
        {
            var from = $"model.layers.{Layers[i] ?? 0}.";
            foreach (var name in shapes.Keys.Where(name => name.StartsWith(from, StringComparison.Ordinal)))
            {
                var part = name[from.Length..^".weight".Length];
                Add($"blk.{i}.{Name(part)}.weight", name,
                    isZero: Layers[i] is null && part is "self_attn.o_proj" or "mlp.down_proj");
            }
        }
        return file.ToArray();

        void Add(string to, string name, bool isZero = false)
        {
            var values = source.Read(name, shapes[name]);
            if (isZero)
            {
                values.AsSpan().Clear();
            }
            else if (Gemma && name.EndsWith("norm.weight", StringComparison.Ordinal))
            {
                values = [.. values.Select(value => value + 1)];
            }
            else if (PairsRows && (to.Contains("attn_q.", StringComparison.Ordinal)
                || to.Contains("attn_k.", StringComparison.Ordinal)))
            {
                values = InPairs(values, (int)shapes[name][0]);
            }
            file.Tensor(to, shapes[name], values);
        }
    }

    private void WriteMetadata(GgufWriter file, int vocabulary)
    {
        file.Text("general.architecture", architecture).Text("general.type", "model").UInt32("general.file_type", 0);
        Number("block_count", (uint)Layers.Count);
        Number("context_length", Whole("max_position_embeddings"));
        Number("embedding_length", Whole("hidden_size"));
        Number("feed_forward_length", Whole("intermediate_size"));
        Number("attention.head_count", Whole("num_attention_heads"));
        Number("attention.head_count_kv", Whole("num_key_value_heads"));
        Number("attention.key_length", Head);
        Number("attention.value_length", Head);
        Number("rope.dimension_count", Head);
        file.Real($"{architecture}.attention.layer_norm_rms_epsilon", _config.GetProperty("rms_norm_eps").GetSingle());
        var ropes = _config.GetProperty("rope_parameters");
        ropes = ropes.TryGetProperty("full_attention", out var full) ? full : ropes;
        file.Real($"{architecture}.rope.freq_base", ropes.GetProperty("rope_theta").GetSingle());
        Fields(file);
        string[] tokens = ["<unk>", "<s>", "</s>",
            .. Enumerable.Range(3, vocabulary - 3).Select(id => $"[PAD{id}]")];
        file.Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "gpt-2")
            .Texts("tokenizer.ggml.tokens", tokens)
            .Numbers("tokenizer.ggml.token_type", [2, 3, 3, .. Enumerable.Repeat(5, vocabulary - 3)])
            .Texts("tokenizer.ggml.merges").UInt32("tokenizer.ggml.eos_token_id", 2);

        void Number(string key, uint value) => file.UInt32($"{architecture}.{key}", value);
    }

    private uint Head => _config.TryGetProperty("head_dim", out var head) ? head.GetUInt32()
        : Whole("hidden_size") / Whole("num_attention_heads");

    private uint Whole(string field) => _config.GetProperty(field).GetUInt32();

    private string Name(string part) => part switch
    {
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => Gemma ? "post_attention_norm" : "ffn_norm",
        "pre_feedforward_layernorm" => "ffn_norm",
        "post_feedforward_layernorm" => "post_ffw_norm",
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        _ => throw new ArgumentException(part),
    };

    /// <summary>Row i of the first half of a head is followed by row i of the second.</summary>
    private float[] InPairs(float[] values, int rows)
    {
        var (head, width) = ((int)Head, values.Length / rows);
        var pairs = new List<float>(values.Length);
        for (var start = 0; start < rows; start += head)
        {
            for (var i = 0; i < head / 2; i++)
            {
                pairs.AddRange(values.AsSpan((start + i) * width, width));
                pairs.AddRange(values.AsSpan((start + i + (head / 2)) * width, width));
            }
        }
        return [.. pairs];
    }

    private static JsonElement Open(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        return document.RootElement.Clone();
    }
}
