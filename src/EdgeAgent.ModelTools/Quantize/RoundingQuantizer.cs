namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Rounds every matrix to nearest, each for itself.</summary>
internal sealed class RoundingQuantizer(BlockFormat format) : IMatrixQuantizer
{
    public void Begin(int layer, IReadOnlyList<int> widths)
    {
        // No matrix depends on another.
    }

    public QuantizedMatrix Quantize(string name, float[] values, int inputs) => inputs % format.BlockSize == 0
        ? RoundToNearest.Quantize(values, inputs, format)
        : throw new ModelToolsException(ModelToolsFault.SourceInvalid,
            $"{name} has {inputs} inputs, which blocks of {format.BlockSize} do not divide; use --quant none.");
}
