namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Finds the tokens that end an answer.</summary>
internal static class GgufStopTokens
{
    /// <summary>Control tokens that end a turn in every model that has them (llama.cpp, llama-vocab.cpp).</summary>
    private static readonly HashSet<string> TurnEnds = new(StringComparer.Ordinal)
    {
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>", "<EOT>", "_<EOT>",
        "<|end_of_text|>", "<end_of_utterance>",
    };

    /// <exception cref="ModelToolsException">The file names none.</exception>
    public static int[] Of(GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        var stops = new List<int>();
        foreach (var name in new[] { "eos", "eot", "eom" })
        {
            if (vocabulary.Id(metadata, name) is { } id)
            {
                stops.Add(id);
            }
        }
        for (var id = 0; id < vocabulary.Tokens.Length; id++)
        {
            if (vocabulary.Types[id] == GgufTokenType.Control && TurnEnds.Contains(vocabulary.Tokens[id]))
            {
                stops.Add(id);
            }
        }
        return stops.Count > 0
            ? [.. stops.Distinct()]
            : throw metadata.Invalid("tokenizer.ggml.eos_token_id", "is missing; answers would never end");
    }
}
