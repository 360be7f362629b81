namespace EdgeAgent.ModelTools.Graphs;

/// <summary>The weights of one transformer layer; `Down` by the number of channels that it takes in.</summary>
internal sealed record LayerWeights(
    StoredTensor AttentionNorm, StoredMatrix Qkv, StoredMatrix Output,
    StoredTensor FfnNorm, StoredMatrix Gate, StoredMatrix Up, IReadOnlyDictionary<int, StoredMatrix> Down)
{
    /// <summary>What a package calls the down projection that takes so many channels in.</summary>
    public static string DownName(int layer, int channels) => $"layers.{layer}.ffn.down.{channels}";

    public StoredTensor? QkvBias { get; init; }

    public StoredTensor? OutputBias { get; init; }

    /// <summary>Gains of the norm of every query head and of every key head.</summary>
    public StoredTensor? QueryNorm { get; init; }

    public StoredTensor? KeyNorm { get; init; }

    /// <summary>Norms of what attention and FFN give, before it is added to the residual.</summary>
    public StoredTensor? NormAfterAttention { get; init; }

    public StoredTensor? NormAfterFfn { get; init; }
}

/// <summary>All weights of a model as they lie in the data file.</summary>
/// <remarks>
/// A head that is looked up row by row has another rank than one that is multiplied: <c>Head</c> and <c>HeadRows</c>
/// are two names for the same bytes, and a tied embedding is a third.
/// </remarks>
internal sealed record ModelWeights(
    StoredMatrix Embedding, StoredMatrix Head, StoredMatrix HeadRows, StoredTensor FinalNorm,
    IReadOnlyList<LayerWeights> Layers);
