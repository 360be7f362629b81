using System.Numerics.Tensors;
using EdgeAgent.Inference;

namespace EdgeAgent.ModelTools.Evaluate;

/// <summary>How far a level of one package is from level 0 of another, over the same text.</summary>
/// <param name="Divergence">Mean Kullback-Leibler divergence of the next token's probabilities, in nats.</param>
/// <param name="Agreement">Share of positions at which both find the same token likeliest.</param>
/// <param name="Tokens">Positions that were compared.</param>
public sealed record LevelComparison(int Level, double Divergence, double Agreement, int Tokens);

/// <summary>Compares what two packages of one vocabulary expect after every token of a text.</summary>
public static class PackageComparison
{
    private const int SpeedPrompt = 64;
    private const int SpeedTokens = 64;

    /// <param name="reference">The package that is taken for right, at level 0.</param>
    /// <param name="tokens">The text; windows know nothing of each other.</param>
    /// <exception cref="ModelToolsException">The vocabularies have different sizes.</exception>
    public static LevelComparison Run(InferenceEngine reference, InferenceEngine other, ReadOnlySpan<int> tokens,
        int window, int level, CancellationToken cancel = default)
    {
        if (reference.VocabularySize != other.VocabularySize)
        {
            throw new ModelToolsException(ModelToolsFault.NotComparable,
                $"The packages have {reference.VocabularySize} and {other.VocabularySize} tokens; only packages with "
                + "the same tokenizer can be compared.");
        }
        var rows = Math.Min(Math.Min(reference.ChunkTokens, other.ChunkTokens),
            Math.Min(reference.LogitRows, other.LogitRows));
        var (divergence, agreeing) = (0.0, 0);
        for (var start = 0; start < tokens.Length; start += window)
        {
            var part = tokens[start..Math.Min(start + window, tokens.Length)];
            for (var past = 0; past < part.Length; past += rows)
            {
                cancel.ThrowIfCancellationRequested();
                var chunk = part.Slice(past, Math.Min(rows, part.Length - past));
                reference.Extend(0, chunk, past, level: 0, chunk.Length);
                other.Extend(0, chunk, past, level, chunk.Length);
                for (var row = 0; row < chunk.Length; row++)
                {
                    var expected = reference.Logits(row);
                    var found = other.Logits(row);
                    var likeliest = TensorPrimitives.IndexOfMax<float>(expected);
                    agreeing += likeliest == TensorPrimitives.IndexOfMax<float>(found) ? 1 : 0;
                    divergence += Divergence(expected, found);
                }
            }
        }
        return new LevelComparison(
            level, divergence / tokens.Length, (double)agreeing / tokens.Length, tokens.Length);
    }

    /// <summary>Tokens per second of decoding one sequence behind a short prompt.</summary>
    public static double DecodeSpeed(InferenceEngine engine, int level, TimeProvider time)
    {
        var length = Math.Min(SpeedPrompt, engine.Context / 2);
        engine.Prefill(0, new int[length], level);
        var count = Math.Min(SpeedTokens, engine.Context - length);
        engine.Decode([0], [length], level);
        var start = time.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            engine.Decode([0], [length], level);
        }
        return count / time.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Σ p·(ln p − ln q); changes both rows.</summary>
    internal static double Divergence(Span<float> expected, Span<float> found)
    {
        TensorPrimitives.Subtract(expected, LogSum(expected), expected);
        TensorPrimitives.Subtract(found, LogSum(found), found);
        TensorPrimitives.Subtract<float>(expected, found, found);
        TensorPrimitives.Exp<float>(expected, expected);
        return Math.Max(0, TensorPrimitives.Dot<float>(expected, found));
    }

    private static float LogSum(ReadOnlySpan<float> logits)
    {
        var largest = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }
        return largest + (float)Math.Log(sum);
    }
}
