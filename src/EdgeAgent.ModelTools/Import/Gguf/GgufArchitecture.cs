namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>What the architecture of a GGUF file has that its metadata leaves unsaid.</summary>
/// <remarks>After llama.cpp: convert_hf_to_gguf.py writes such files, llama-model.cpp loads them.</remarks>
internal sealed record GgufArchitecture(string Name, string Family)
{
    /// <summary>Rows of query and key are stored in pairs that turn together, where Hugging Face has halves.</summary>
    public bool PairsRotaryRows { get; init; }

    public bool QueryKeyNorm { get; init; }

    public bool FusedProjections { get; init; }

    /// <summary>Norms on both sides, scaled embeddings, GELU, five of six layers with a window.</summary>
    public bool Gemma { get; init; }

    /// <summary>`attention.sliding_window` holds for every layer.</summary>
    public bool WindowEverywhere { get; init; }

    /// <summary>Every n-th layer does without rotary positions; 0: none does.</summary>
    public int LayerWithoutRotary { get; init; }

    public static IReadOnlyList<GgufArchitecture> Known { get; } =
    [
        new("llama", "llama") { PairsRotaryRows = true },
        new("qwen2", "qwen2"),
        new("qwen3", "qwen3") { QueryKeyNorm = true },
        new("phi3", "phi3") { FusedProjections = true, WindowEverywhere = true },
        new("gemma3", "gemma3_text") { QueryKeyNorm = true, Gemma = true },
        new("smollm3", "smollm3") { PairsRotaryRows = true, LayerWithoutRotary = 4 },
    ];

    /// <exception cref="ModelToolsException">The file names no architecture, or one that is not known.</exception>
    public static GgufArchitecture Of(GgufMetadata metadata)
    {
        const string key = "general.architecture";
        var name = metadata.Text(key);
        return Known.FirstOrDefault(known => known.Name == name)
            ?? throw new ModelToolsException(ModelToolsFault.ArchitectureUnknown,
                metadata.Invalid(key, $"is '{ConfigReader.Shorten(name)}', which is not known. Known: "
                    + string.Join(", ", Known.Select(known => known.Name))).Message);
    }

    /// <summary>The name of a tensor in the file, for the name that Hugging Face gives it; null: it has none.</summary>
    public string? TensorName(string name)
    {
        const string layers = "model.layers.";
        if (!name.StartsWith(layers, StringComparison.Ordinal))
        {
            return name switch
            {
                SourceTensors.Embedding => "token_embd.weight",
                SourceTensors.FinalNorm => "output_norm.weight",
                SourceTensors.Head => "output.weight",
                _ => null,
            };
        }
        var rest = name[layers.Length..];
        var (dot, end) = (rest.IndexOf('.'), rest.LastIndexOf('.'));
        return dot > 0 && end > dot && Part(rest[(dot + 1)..end]) is { } part
            ? $"blk.{rest[..dot]}.{part}{rest[end..]}"
            : null;
    }

    /// <summary>Whether this is a query or key projection (weight or bias) that is stored in pairs.</summary>
    public bool IsPaired(string name) => PairsRotaryRows
        && (name.Contains(".attn_q.", StringComparison.Ordinal) || name.Contains(".attn_k.", StringComparison.Ordinal));

    private string? Part(string name) => name switch
    {
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => Gemma ? "post_attention_norm" : "ffn_norm",
        "pre_feedforward_layernorm" => "ffn_norm",
        "post_feedforward_layernorm" => "post_ffw_norm",
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.qkv_proj" => "attn_qkv",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" or "mlp.gate_up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        _ => null,
    };
}
