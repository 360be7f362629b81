using EdgeAgent.ModelPackage;

namespace EdgeAgent.Serving;

/// <summary>How long a token takes at each level on this board, as the steps themselves show it.</summary>
/// <remarks>
/// Written by the thread that runs the model, read by any. A level that has not run yet is estimated from one that
/// has: a decode step reads the weights once, so its time goes with the bytes that a level reads.
/// </remarks>
internal sealed class StepSpeeds(IReadOnlyList<PruningLevel> levels)
{
    /// <summary>A new step counts so much; the older ones the rest.</summary>
    private const double NewShare = 0.1;

    private readonly double[] _decode = new double[levels.Count];
    private readonly double[] _prompt = new double[levels.Count];
    private double _answerTokens;

    /// <summary>Tokens of an answer that does not say its length; the mean of those before.</summary>
    public double AnswerTokens => Volatile.Read(ref _answerTokens);

    /// <summary>Begins with what `tune` measured; the steps themselves correct it.</summary>
    public void Begin(TunedSpeeds tuned)
    {
        for (var level = 0; level < levels.Count; level++)
        {
            Volatile.Write(ref _decode[level], 1 / tuned.Levels[level].DecodeTokensPerSecond);
            Volatile.Write(ref _prompt[level], 1 / tuned.Levels[level].PromptTokensPerSecond);
        }
    }

    public void Decoded(int level, TimeSpan step) => Learn(ref _decode[level], step.TotalSeconds);

    public void Prefilled(int level, int tokens, TimeSpan step) =>
        Learn(ref _prompt[level], step.TotalSeconds / tokens);

    public void Answered(int tokens) => Learn(ref _answerTokens, tokens);

    /// <summary>Seconds that a request still needs at a level; null where nothing has run yet.</summary>
    public double? SecondsLeft(int level, double promptTokens, double answerTokens)
    {
        var decode = Estimate(_decode, level);
        return decode is null
            ? null
            : (Estimate(_prompt, level) ?? decode.Value) * promptTokens + decode.Value * answerTokens;
    }

    private static void Learn(ref double value, double seen)
    {
        var before = Volatile.Read(ref value);
        Volatile.Write(ref value, before == 0 ? seen : before + (NewShare * (seen - before)));
    }

    private double? Estimate(double[] seconds, int level)
    {
        if (Volatile.Read(ref seconds[level]) is > 0 and var known)
        {
            return known;
        }
        for (var other = 0; other < seconds.Length; other++)
        {
            if (Volatile.Read(ref seconds[other]) is > 0 and var measured)
            {
                return measured * levels[level].BytesPerToken / levels[other].BytesPerToken;
            }
        }
        return null;
    }
}
