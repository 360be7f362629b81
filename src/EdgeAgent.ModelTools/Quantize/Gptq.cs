using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>A quantized matrix and what it costs: tr(Δ·H·Δᵀ), Δ being the error of the weights.</summary>
internal sealed record Quantized(QuantizedMatrix Matrix, double Loss);

/// <summary>
/// Rounds a matrix column by column, handing each error on to the columns that can make up for it (GPTQ).
/// </summary>
/// <remarks>
/// Frantar et al. 2022. Columns keep their order, because blocks run along them. The scale of a block is searched when
/// the block is reached, for weights that hold the errors of all earlier blocks already.
/// </remarks>
internal static class Gptq
{
    private const int RowsOfATask = 8;
    private const int Panel = ErrorFeedback.Panel;

    /// <param name="weights">[rows, columns]</param>
    public static Quantized Quantize(
        ReadOnlyMemory<float> weights, int rows, ErrorFeedback feedback, BlockFormat format)
    {
        var columns = feedback.Columns;
        var matrix = QuantizedMatrix.Allocate(format, rows, columns);
        var losses = new double[rows];
        Parallel.For(0, (rows + RowsOfATask - 1) / RowsOfATask, task =>
        {
            var errors = new float[columns];
            var work = new float[format.BlockSize];
            for (var row = task * RowsOfATask; row < Math.Min(rows, (task + 1) * RowsOfATask); row++)
            {
                losses[row] = QuantizeRow(
                    weights.Span.Slice(row * columns, columns), feedback, matrix, row, errors, work);
            }
        });
        return new Quantized(matrix, losses.Sum());
    }

    private static double QuantizeRow(ReadOnlySpan<float> weights, ErrorFeedback feedback, QuantizedMatrix matrix,
        int row, float[] errors, float[] work)
    {
        var format = matrix.Format;
        var columns = weights.Length;
        double loss = 0;
        for (var start = 0; start < columns; start += format.BlockSize)
        {
            weights.Slice(start, format.BlockSize).CopyTo(work);
            for (var part = 0; feedback.HandsOn && part < format.BlockSize; part += Panel)
            {
                Accumulate(errors.AsSpan(0, start), feedback.PanelAt(start + part), work.AsSpan(part, Panel));
            }
            var importances = feedback.Importances.AsSpan(start, format.BlockSize);
            var (scale, zero) = ScaleSearch.Find(work, importances, format);
            matrix.SetScale(row, start / format.BlockSize, scale, zero);
            loss += RoundBlock(weights, feedback, matrix, row, start, errors, work);
        }
        return loss;
    }

    /// <summary>Rounds a block weight by weight, with feedback within the block.</summary>
    private static double RoundBlock(ReadOnlySpan<float> weights, ErrorFeedback feedback, QuantizedMatrix matrix,
        int row, int start, float[] errors, float[] work)
    {
        var size = work.Length;
        var (scale, zero) = (matrix.ScaleAt(row, start / size), matrix.ZeroPointAt(row, start / size));
        double loss = 0;
        for (var i = 0; i < size; i++)
        {
            var level = ScaleSearch.Level(work[i], scale, zero, matrix.Format.HighestLevel);
            matrix.SetLevel(row, start + i, level);
            var value = scale * (level - zero);
            errors[start + i] = weights[start + i] - value;
            loss += feedback.Importances[start + i] * (double)(work[i] - value) * (work[i] - value);
            for (var part = i / Panel * Panel; feedback.HandsOn && part < size; part += Panel)
            {
                var shares = feedback.PanelAt(start + part).Slice((start + i) * Panel, Panel);
                for (var j = Math.Max(i + 1, part); j < part + Panel; j++)
                {
                    work[j] += errors[start + i] * shares[j - part];
                }
            }
        }
        return loss;
    }

    /// <summary>target += Σᵢ errors[i] · panel[i, 0…32]</summary>
    private static void Accumulate(ReadOnlySpan<float> errors, ReadOnlySpan<float> panel, Span<float> target)
    {
        var rows = MemoryMarshal.Cast<float, Vector256<float>>(panel);
        var sums = MemoryMarshal.Cast<float, Vector256<float>>(target);
        var (a, b, c, d) = (sums[0], sums[1], sums[2], sums[3]);
        for (var i = 0; i < errors.Length; i++)
        {
            var error = Vector256.Create(errors[i]);
            a = Vector256.FusedMultiplyAdd(error, rows[4 * i], a);
            b = Vector256.FusedMultiplyAdd(error, rows[(4 * i) + 1], b);
            c = Vector256.FusedMultiplyAdd(error, rows[(4 * i) + 2], c);
            d = Vector256.FusedMultiplyAdd(error, rows[(4 * i) + 3], d);
        }
        (sums[0], sums[1], sums[2], sums[3]) = (a, b, c, d);
    }
}
