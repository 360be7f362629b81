using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>A source whose FFN channels are put in another order; what the model computes stays the same.</summary>
/// <param name="orders">For each layer, the channels of the source in their new order.</param>
internal sealed class OrderedChannels(ITensorSource source, IReadOnlyList<int[]> orders) : ITensorSource
{
    public long Elements => source.Elements;

    public bool Contains(string name) => source.Contains(name);

    public float[] Read(string name, params long[] shape)
    {
        var values = source.Read(name, shape);
        // model.layers.N.mlp.up_proj.weight
        var parts = name.Split('.');
        return parts is not [_, "layers", var number, "mlp", var matrix, "weight"]
            ? values
            : matrix switch
            {
                "gate_proj" or "up_proj" or "gate_up_proj" => Rows(values, (int)shape[1], orders[int.Parse(number,
                    System.Globalization.CultureInfo.InvariantCulture)]),
                "down_proj" => MatrixParts.OrderedColumns(values, orders[int.Parse(number,
                    System.Globalization.CultureInfo.InvariantCulture)]),
                _ => values,
            };
    }

    public void ReadRows(string name, long[] shape, int first, Span<float> rows)
    {
        if (name.Contains(".mlp.", StringComparison.Ordinal))
        {
            MatrixParts.CopyRows(Read(name, shape), shape[1], first, rows);
            return;
        }
        source.ReadRows(name, shape, first, rows);
    }

    public void Dispose() => source.Dispose();

    /// <summary>Orders rows; one matrix of gate and up has each half in the same order.</summary>
    private static float[] Rows(float[] values, int columns, int[] order)
    {
        var ordered = new float[values.Length];
        for (var row = 0; row < values.Length / columns; row++)
        {
            var from = (row / order.Length * order.Length) + order[row % order.Length];
            values.AsSpan(from * columns, columns).CopyTo(ordered.AsSpan(row * columns));
        }
        return ordered;
    }
}
