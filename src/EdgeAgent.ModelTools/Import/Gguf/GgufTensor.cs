namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>A tensor of a GGUF file: what it holds and where it lies.</summary>
/// <param name="Shape">Row-major: the format's own order, inner dimension first, turned around.</param>
/// <param name="Offset">From the start of the file.</param>
internal sealed record GgufTensor(string Name, GgufBlockLayout Layout, long[] Shape, long Offset, long SizeBytes)
{
    public long Elements => SizeBytes / Layout.BlockBytes * Layout.BlockElements;

    /// <summary>Elements of the inner dimension.</summary>
    public long Columns => Shape[^1];

    public long Rows => Elements / Columns;
}
