namespace EdgeAgent.ModelTools.Quantize;

/// <summary>Quantizes the matrices of a package in the order in which they are written.</summary>
internal interface IMatrixQuantizer
{
    /// <summary>The matrices of a layer follow; layers come in order.</summary>
    /// <param name="widths">The numbers of channels for which a down projection follows, the largest first.</param>
    void Begin(int layer, IReadOnlyList<int> widths);

    /// <param name="name">As the package names it, <c>layers.0.ffn.up</c>.</param>
    /// <param name="values">[outputs, inputs]</param>
    QuantizedMatrix Quantize(string name, float[] values, int inputs);
}
