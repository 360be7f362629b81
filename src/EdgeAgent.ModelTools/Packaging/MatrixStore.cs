using System.Runtime.InteropServices;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Quantize;
using static EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>Appends matrices to the data file in the layout of their operators.</summary>
internal static class MatrixStore
{
    /// <summary>Appends a matrix in fp32.</summary>
    /// <param name="values">[outputs, inputs]</param>
    public static StoredMatrix Append(this WeightsFile file, string name, ReadOnlySpan<float> values, int inputs)
    {
        long outputs = values.Length / inputs;
        return new StoredMatrix(outputs, inputs,
            file.Append(name, DataType.Float, [outputs, inputs], MemoryMarshal.AsBytes(values)), null);
    }

    /// <summary>Appends a matrix in fp32 that comes some rows at a time.</summary>
    public static StoredMatrix Append(
        this WeightsFile file, string name, long outputs, long inputs, IEnumerable<float[]> rows)
    {
        var tensor = file.Begin(name, DataType.Float, [outputs, inputs], outputs * inputs * sizeof(float));
        foreach (var part in rows)
        {
            file.Write(MemoryMarshal.AsBytes(part.AsSpan()));
        }
        return new StoredMatrix(outputs, inputs, tensor, null);
    }

    /// <summary>Appends a quantized matrix that comes some rows at a time.</summary>
    public static StoredMatrix Append(
        this WeightsFile file, string name, long outputs, IEnumerable<QuantizedMatrix> rows)
    {
        StoredMatrix? stored = null;
        var scales = new List<float>();
        var zeros = new List<byte>();
        foreach (var part in rows)
        {
            var format = part.Format;
            long blocks = format.Blocks(part.Inputs);
            stored ??= new StoredMatrix(outputs, part.Inputs, file.Begin(name, DataType.Uint8,
                [outputs, blocks, format.BlockBytes], outputs * blocks * format.BlockBytes), null)
            {
                Bits = format.Bits,
                BlockSize = format.BlockSize,
            };
            file.Write(part.Packed);
            scales.AddRange(part.Scales);
            zeros.AddRange(part.ZeroPoints ?? []);
        }
        return stored! with
        {
            Scales = file.Append($"{name}.scales", DataType.Float, [scales.Count],
                MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(scales))),
            ZeroPoints = zeros.Count == 0 ? null : file.Append(
                $"{name}.zeros", DataType.Uint8, [zeros.Count], CollectionsMarshal.AsSpan(zeros)),
        };
    }

    /// <summary>Appends a quantized matrix: weights, scales, and zero points where it has them.</summary>
    /// <remarks>What is added to whole blocks becomes columns for the sums of the input's blocks.</remarks>
    public static StoredMatrix Append(this WeightsFile file, string name, QuantizedMatrix matrix)
    {
        if (matrix.Remainders is not null)
        {
            return file.Append(name, MinimumColumns.Append(matrix)) with
            {
                Inputs = matrix.Inputs,
                SumColumns = MinimumColumns.PerBlock(matrix.Format.Bits),
            };
        }
        return file.Append(name, matrix.Outputs, [matrix]);
    }
}
