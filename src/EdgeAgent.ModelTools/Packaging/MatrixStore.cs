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
        var format = matrix.Format;
        long outputs = matrix.Outputs, blocks = format.Blocks(matrix.Inputs);
        return new StoredMatrix(outputs, matrix.Inputs,
            file.Append(name, DataType.Uint8, [outputs, blocks, format.BlockBytes], matrix.Packed),
            file.Append($"{name}.scales", DataType.Float, [outputs * blocks],
                MemoryMarshal.AsBytes(matrix.Scales.AsSpan())))
        {
            Bits = format.Bits,
            BlockSize = format.BlockSize,
            ZeroPoints = matrix.ZeroPoints is null ? null : file.Append(
                $"{name}.zeros", DataType.Uint8, [matrix.ZeroPoints.Length], matrix.ZeroPoints),
        };
    }
}
