namespace EdgeAgent.ModelTools.Graphs;

/// <summary>A stored matrix [outputs, inputs]: fp32, or quantized in blocks where it has scales.</summary>
internal sealed record StoredMatrix(long Outputs, long Inputs, StoredTensor Weight, StoredTensor? Scales)
{
    /// <summary>Bits of a quantized weight: 4 or 8.</summary>
    public int Bits { get; init; } = 4;

    /// <summary>Weights of a row that share a scale.</summary>
    public int BlockSize { get; init; } = 32;

    /// <summary>The level of each block that means zero, packed as for <c>MatMulNBits</c>; null: the middle.</summary>
    public StoredTensor? ZeroPoints { get; init; }

    /// <summary>Columns for the sums of the input's blocks, for each block; see MinimumColumns.</summary>
    public int SumColumns { get; init; }

    /// <summary>More outputs, stored in another format; null: there are none.</summary>
    public StoredMatrix? Further { get; init; }

    /// <summary>Columns that the operator sees.</summary>
    public long Columns => Inputs + (Inputs / BlockSize * SumColumns);

    /// <summary>Bytes that one pass reads.</summary>
    public long SizeBytes => Weight.LengthBytes + (Scales?.LengthBytes ?? 0) + (ZeroPoints?.LengthBytes ?? 0)
        + (Further?.SizeBytes ?? 0);

    /// <summary>The first rows, at the same place in the data file.</summary>
    public StoredMatrix FirstOutputs(long count) => this with
    {
        Outputs = count,
        Weight = Cut(Weight, count),
        Scales = Scales is null ? null : Cut(Scales, count),
        ZeroPoints = ZeroPoints is null ? null : Cut(ZeroPoints, count),
    };

    /// <summary>The same bytes under another name, with the shapes of a table whose rows are looked up.</summary>
    public StoredMatrix AsTable(string name) => Scales is null ? this : this with
    {
        Weight = Table(Weight, name),
        Scales = Table(Scales, $"{name}.scales"),
        ZeroPoints = ZeroPoints is null ? null : Table(ZeroPoints, $"{name}.zeros"),
    };

    private StoredTensor Table(StoredTensor tensor, string name) =>
        tensor with { Name = name, Shape = [Outputs, tensor.Shape.Aggregate(1L, (all, n) => all * n) / Outputs] };

    private StoredTensor Cut(StoredTensor tensor, long count)
    {
        var shape = tensor.Shape.ToArray();
        shape[0] = shape[0] / Outputs * count;
        return tensor with { Shape = shape, LengthBytes = tensor.LengthBytes / Outputs * count };
    }
}
