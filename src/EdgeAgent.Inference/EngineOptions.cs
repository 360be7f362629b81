namespace EdgeAgent.Inference;

/// <summary>How the engine is sized; every buffer follows from these and the manifest.</summary>
public sealed record EngineOptions
{
    /// <summary>
    /// Threads of ONNX Runtime's pool, 1 to 64; 0 is automatic. The first engine of a process decides.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>Execution providers in the order of preference: `tensorrt`, `cuda`, `cpu`.</summary>
    public IReadOnlyList<string> Providers { get; init; } = ["cpu"];

    /// <summary>The longest sequence in tokens; 0 and anything longer than the model's is the model's.</summary>
    public int Context { get; init; }

    /// <summary>Sequences that can run at once, 1 to 64.</summary>
    public int Sequences { get; init; } = 1;

    /// <summary>Tokens of one prefill chunk, 1 to 4096: cancel and deadlines wait for one chunk at most.</summary>
    public int ChunkTokens { get; init; } = 128;

    /// <summary>Rows of logits that one extend can leave, 1 to 4096; evaluation wants many.</summary>
    public int LogitRows { get; init; } = 1;

    /// <summary>Share weights and packed weights between levels; off only to measure what sharing saves.</summary>
    public bool ShareWeights { get; init; } = true;

    /// <summary>Write an ONNX Runtime profile with this path as prefix; for checks.</summary>
    public string? ProfilePrefix { get; init; }
}
