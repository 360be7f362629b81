using System.Numerics.Tensors;
using EdgeAgent.Inference;

namespace EdgeAgent.ModelTools.Evaluate;

/// <summary>Perplexity of one level over a text.</summary>
public sealed record LevelPerplexity(int Level, double Perplexity, int Tokens);

/// <summary>exp of the mean negative log-likelihood per token, over windows that know nothing of each other.</summary>
/// <remarks>The first token of a window is not scored: nothing stands before it.</remarks>
public static class PerplexityEvaluation
{
    /// <param name="tokens">The text's tokens; a last window of one token is left out.</param>
    /// <param name="window">Tokens of a window, 2 up to the engine's context.</param>
    public static LevelPerplexity Run(
        InferenceEngine engine, ReadOnlySpan<int> tokens, int window, int level, CancellationToken cancel = default)
    {
        double sum = 0;
        var scored = 0;
        for (var start = 0; start + 1 < tokens.Length; start += window)
        {
            var part = tokens[start..Math.Min(start + window, tokens.Length)];
            sum += NegativeLogLikelihood(engine, part, level, cancel);
            scored += part.Length - 1;
        }
        return new LevelPerplexity(level, Math.Exp(sum / scored), tokens.Length);
    }

    private static double NegativeLogLikelihood(
        InferenceEngine engine, ReadOnlySpan<int> window, int level, CancellationToken cancel)
    {
        double sum = 0;
        var chunk = Math.Min(engine.ChunkTokens, engine.LogitRows);
        for (var past = 0; past < window.Length; past += chunk)
        {
            cancel.ThrowIfCancellationRequested();
            var tokens = window.Slice(past, Math.Min(chunk, window.Length - past));
            engine.Extend(0, tokens, past, level, tokens.Length);
            for (var row = 0; row < tokens.Length && past + row + 1 < window.Length; row++)
            {
                sum -= LogProbability(engine.Logits(row), window[past + row + 1]);
            }
        }
        return sum;
    }

    private static double LogProbability(Span<float> logits, int token)
    {
        var (chosen, largest) = (logits[token], TensorPrimitives.Max<float>(logits));
        TensorPrimitives.Subtract(logits, largest, logits);
        TensorPrimitives.Exp<float>(logits, logits);
        return chosen - largest - Math.Log(TensorPrimitives.Sum<float>(logits));
    }
}
