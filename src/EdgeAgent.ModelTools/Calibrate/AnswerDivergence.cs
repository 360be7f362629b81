using System.Numerics.Tensors;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>How far the next token's probabilities move when the residual stream does.</summary>
/// <remarks>Part of the vocabulary by part: all its rows in fp32 can be a gigabyte.</remarks>
internal sealed class AnswerDivergence(DecoderConfig model, ITensorSource tensors) : IDisposable
{
    /// <summary>Rows of the head at a time.</summary>
    private const int PartRows = 2048;

    private readonly TensorGraph _head = ProductGraph.Open("transB");

    /// <summary>Mean over the tokens of Σ p·(log p − log q) for each other stream (Kullback and Leibler 1951), in
    /// nats.</summary>
    /// <param name="whole">[T, D]: the residual stream behind the last layer, which gives p.</param>
    /// <param name="others">[T, D] each: those that give q.</param>
    public double[] Of(float[] whole, IReadOnlyList<float[]> others, CancellationToken cancel)
    {
        var tokens = whole.Length / model.HiddenSize;
        var gains = tensors.ReadGains(model, SourceTensors.FinalNorm, model.HiddenSize);
        Normalise(whole, gains);
        foreach (var other in others)
        {
            Normalise(other, gains);
        }
        var sums = others.Select(_ => new MovedSums[tokens]).ToArray();
        ForEachPart(
            table =>
            {
                var logits = Logits(whole, table);
                for (var i = 0; i < others.Count; i++)
                {
                    cancel.ThrowIfCancellationRequested();
                    Add(sums[i], logits, Logits(others[i], table));
                }
            }, cancel);
        return [.. sums.Select(tokenSums => tokenSums.Average(sum => sum.Divergence))];
    }

    public void Dispose() => _head.Dispose();

    /// <summary>The last norm, in place.</summary>
    private void Normalise(float[] hidden, float[] gains)
    {
        for (var start = 0; start < hidden.Length; start += model.HiddenSize)
        {
            var row = hidden.AsSpan(start, model.HiddenSize);
            var mean = TensorPrimitives.SumOfSquares<float>(row) / model.HiddenSize;
            TensorPrimitives.Multiply(row, 1 / MathF.Sqrt(mean + model.NormEpsilon), row);
            TensorPrimitives.Multiply(row, gains, row);
        }
    }

    private void ForEachPart(Action<GraphInput> use, CancellationToken cancel)
    {
        var name = SourceTensors.HeadOf(model);
        for (var first = 0; first < model.VocabularySize; first += PartRows)
        {
            cancel.ThrowIfCancellationRequested();
            var rows = new float[Math.Min(PartRows, model.VocabularySize - first) * model.HiddenSize];
            tensors.ReadRows(name, [model.VocabularySize, model.HiddenSize], first, rows);
            using var table = GraphInput.Of<float>("b", rows, rows.Length / model.HiddenSize, model.HiddenSize);
            use(table);
        }
    }

    /// <summary>[T, rows of the part]</summary>
    private float[] Logits(float[] normal, GraphInput table)
    {
        using var hidden = GraphInput.Of<float>("a", normal, normal.Length / model.HiddenSize, model.HiddenSize);
        return _head.Run([hidden, table], [ProductGraph.Output])[0];
    }

    private static void Add(MovedSums[] sums, float[] whole, float[] moved)
    {
        var width = whole.Length / sums.Length;
        Parallel.For(0, sums.Length, token => sums[token].Add(
            whole.AsSpan(token * width, width), moved.AsSpan(token * width, width)));
    }

    /// <summary>Of one token's logits a, which give p, and b, which give q, that come part by part.</summary>
    private struct MovedSums
    {
        private ExponentialSum _whole;
        private ExponentialSum _moved;

        /// <summary>Σ exp(a)·(a − b), with the factor of <see cref="_whole"/>.</summary>
        private double _cross;

        /// <summary>Σ p·(log p − log q)</summary>
        public readonly double Divergence => (_cross / _whole.Sum) - _whole.Logarithm + _moved.Logarithm;

        public void Add(ReadOnlySpan<float> whole, ReadOnlySpan<float> moved)
        {
            _cross *= _whole.MakeRoom(whole);
            _ = _moved.MakeRoom(moved);
            for (var i = 0; i < whole.Length; i++)
            {
                _cross += _whole.Add(whole[i]) * (whole[i] - moved[i]);
                _ = _moved.Add(moved[i]);
            }
        }
    }

    /// <summary>Σ exp of values that come part by part, over that of the largest so far.</summary>
    private struct ExponentialSum
    {
        private double _largest;

        public double Sum { get; private set; }

        public readonly double Logarithm => _largest + Math.Log(Sum);

        /// <returns>What the sum was multiplied by, because larger values come.</returns>
        public double MakeRoom(ReadOnlySpan<float> values)
        {
            var largest = Math.Max(Sum > 0 ? _largest : double.NegativeInfinity, TensorPrimitives.Max(values));
            var factor = Sum > 0 ? Math.Exp(_largest - largest) : 0;
            (_largest, Sum) = (largest, Sum * factor);
            return factor;
        }

        /// <returns>What was added.</returns>
        public double Add(double value)
        {
            var part = Math.Exp(value - _largest);
            Sum += part;
            return part;
        }
    }
}
