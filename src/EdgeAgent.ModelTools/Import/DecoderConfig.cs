using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Import;

/// <summary>What a decoder-only transformer is made of, told by its features and not by its name.</summary>
/// <remarks>
/// A source fills it in; the weights writer and the graph look at nothing else. What is left out is as in Llama: RMS
/// norms before attention and FFN, one rotary table for every layer, SiLU, no biases.
/// </remarks>
internal sealed record DecoderConfig
{
    /// <summary>Family as Hugging Face's `model_type` names it; for people, nothing is decided by it.</summary>
    public required string Family { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadDimensions { get; init; }

    public required int VocabularySize { get; init; }

    public required int Context { get; init; }

    public required float NormEpsilon { get; init; }

    /// <summary>The head is the embedding's matrix.</summary>
    public required bool TiedEmbedding { get; init; }

    public required IReadOnlyList<int> StopTokens { get; init; }

    /// <summary>The rotary tables, as the manifest lists them.</summary>
    public required IReadOnlyList<RotaryTable> Rotary { get; init; }

    /// <summary>How each layer attends, one entry for each layer.</summary>
    public required IReadOnlyList<LayerAttention> Attention { get; init; }

    public int Layers => Attention.Count;

    /// <summary>Query and key of every head go through an RMS norm before they are turned.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>Query, key and value projections have biases.</summary>
    public bool QkvBias { get; init; }

    /// <summary>The output projection of attention has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>The source holds Q, K and V as one matrix, and gate and up as one matrix.</summary>
    public bool FusedProjections { get; init; }

    /// <summary>What attention and FFN give goes through a norm before it is added to the residual.</summary>
    public bool NormsAfter { get; init; }

    /// <summary>Added to every stored norm gain; 1 where a source stores gain − 1.</summary>
    public float NormGainOffset { get; init; }

    /// <summary>Embeddings are multiplied by this.</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>Scores are multiplied by this; 0 stands for 1/√(head dimensions).</summary>
    public float AttentionScale { get; init; }

    public Activation Activation { get; init; }
}

/// <summary>How one layer attends.</summary>
/// <param name="Rotary">Which of <see cref="DecoderConfig.Rotary"/> turns query and key; null: none does.</param>
/// <param name="Window">Sliding window in tokens, the token itself included; 0 attends to everything.</param>
internal readonly record struct LayerAttention(int? Rotary, int Window);

/// <summary>The activation of a gated FFN.</summary>
internal enum Activation
{
    Silu,

    /// <summary>GELU in its approximation by tanh.</summary>
    GeluTanh,
}
