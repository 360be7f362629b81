namespace EdgeAgent.ModelTools.Graphs;

/// <summary>A stored matrix [outputs, inputs], with its block scales where it is quantized.</summary>
internal sealed record StoredMatrix(long Outputs, long Inputs, StoredTensor Weight, StoredTensor? Scales)
{
    /// <summary>Bytes that one pass reads.</summary>
    public long SizeBytes => Weight.LengthBytes + (Scales?.LengthBytes ?? 0);

    /// <summary>The first rows, at the same place in the data file.</summary>
    public StoredMatrix FirstOutputs(long count) =>
        new(count, Inputs, Cut(Weight, count), Scales is null ? null : Cut(Scales, count));

    private StoredTensor Cut(StoredTensor tensor, long count)
    {
        var shape = tensor.Shape.ToArray();
        shape[0] = shape[0] / Outputs * count;
        return tensor with { Shape = shape, LengthBytes = tensor.LengthBytes / Outputs * count };
    }
}

/// <summary>The weights of one transformer layer; `Down` by the number of channels that it takes in.</summary>
internal sealed record LayerWeights(
    StoredTensor AttentionNorm, StoredMatrix Qkv, StoredMatrix Output,
    StoredTensor FfnNorm, StoredMatrix Gate, StoredMatrix Up, IReadOnlyDictionary<int, StoredMatrix> Down);

/// <summary>All weights of a model as they lie in the data file.</summary>
/// <remarks>
/// A head that is looked up row by row has another rank than one that is multiplied: <c>Head</c> and <c>HeadRows</c>
/// are two names for the same bytes, and a tied embedding is a third.
/// </remarks>
internal sealed record ModelWeights(
    StoredMatrix Embedding, StoredMatrix Head, StoredMatrix HeadRows, StoredTensor FinalNorm,
    IReadOnlyList<LayerWeights> Layers);
