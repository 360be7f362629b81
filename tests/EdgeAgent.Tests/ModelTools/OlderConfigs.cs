using System.Text.Json.Nodes;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Rewrites a config.json as transformers 4 wrote it.</summary>
/// <remarks>After folders that are published: Llama 3.2, Qwen3, Phi-3, Gemma 3, SmolLM3.</remarks>
internal static class OlderConfigs
{
    public static void Rewrite(JsonObject config)
    {
        config["torch_dtype"] = config["dtype"]!.DeepClone();
        config.Remove("dtype");
        config.Remove("layer_types");
        var ropes = config["rope_parameters"]!.AsObject();
        config.Remove("rope_parameters");
        switch (config["model_type"]!.GetValue<string>())
        {
            case "gemma3_text":
                config["rope_theta"] = ropes["full_attention"]!["rope_theta"]!.DeepClone();
                config["rope_local_base_freq"] = ropes["sliding_attention"]!["rope_theta"]!.DeepClone();
                config["rope_scaling"] = null;
                config.Remove("_sliding_window_pattern");
                // The layers of the tiny model alternate.
                config["sliding_window_pattern"] = 2;
                config.Remove("tie_word_embeddings");
                return;
            case "qwen2" or "qwen3" or "smollm3":
                config["sliding_window"] = 131_072;
                break;
            case "phi3":
                config["partial_rotary_factor"] = 1.0;
                break;
        }
        config["rope_theta"] = ropes["rope_theta"]!.DeepClone();
        ropes.Remove("rope_theta");
        config["rope_scaling"] = ropes["rope_type"]!.GetValue<string>() == "default" ? null : ropes.DeepClone();
    }
}
