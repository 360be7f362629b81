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
        var gains = tensors.Read("model.norm.weight", model.HiddenSize);
        TensorPrimitives.Add(gains, model.NormGainOffset, gains);
        Normalise(whole, gains);
        var sums = new LogSum[tokens];
        ForEachPart(table => Add(sums, Logits(whole, table)), cancel);
        foreach (var other in others)
        {
            Normalise(other, gains);
        }
        var otherSums = others.Select(_ => new LogSum[tokens]).ToArray();
        var cross = others.Select(_ => new double[tokens]).ToArray();
        ForEachPart(
            table =>
            {
                var logits = Logits(whole, table);
                for (var i = 0; i < others.Count; i++)
                {
                    cancel.ThrowIfCancellationRequested();
                    var moved = Logits(others[i], table);
                    Add(otherSums[i], moved);
                    AddCross(cross[i], sums, logits, moved);
                }
            }, cancel);
        return [.. others.Select((_, i) => Enumerable.Range(0, tokens).Average(
            token => cross[i][token] - sums[token].Value + otherSums[i][token].Value))];
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
        var name = model.TiedEmbedding ? "model.embed_tokens.weight" : "lm_head.weight";
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

    private static void Add(LogSum[] sums, float[] logits)
    {
        var width = logits.Length / sums.Length;
        Parallel.For(0, sums.Length, token => sums[token].Add(logits.AsSpan(token * width, width)));
    }

    /// <summary>Σ p·(logit of p − logit of q) over a part of the vocabulary.</summary>
    private static void AddCross(double[] cross, LogSum[] sums, float[] whole, float[] moved)
    {
        var width = whole.Length / cross.Length;
        Parallel.For(0, cross.Length, token =>
        {
            var all = sums[token].Value;
            for (var i = token * width; i < (token + 1) * width; i++)
            {
                cross[token] += Math.Exp(whole[i] - all) * (whole[i] - moved[i]);
            }
        });
    }

    /// <summary>log Σ exp of values that come part by part.</summary>
    private struct LogSum
    {
        private double _largest;
        private double _sum;

        public readonly double Value => _largest + Math.Log(_sum);

        public void Add(ReadOnlySpan<float> values)
        {
            var largest = Math.Max(_sum > 0 ? _largest : double.NegativeInfinity, TensorPrimitives.Max(values));
            var sum = _sum * Math.Exp(_largest - largest);
            foreach (var value in values)
            {
                sum += Math.Exp(value - largest);
            }
            (_largest, _sum) = (largest, sum);
        }
    }
}
