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

    /// <summary>A chunk of fewer tokens says less of a prompt's speed: a step has a cost of its own.</summary>
    private const double WholeChunkTokens = 32;

    private readonly double[] _decode = new double[levels.Count];
    private readonly double[] _prompt = new double[levels.Count];
    private double _answerTokens;

    /// <summary>What each further sequence adds to a decode step, as a share of the step of one.</summary>
    private double _furtherShare = 0.3;

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

    /// <summary>One step decoded a token of each of so many sequences.</summary>
    public void Decoded(int level, int sequences, TimeSpan step)
    {
        var alone = Volatile.Read(ref _decode[level]);
        if (sequences > 1 && alone > 0)
        {
            var share = ((step.TotalSeconds / alone) - 1) / (sequences - 1);
            Learn(ref _furtherShare, Math.Clamp(share, 0.01, 1));
        }
        Learn(ref _decode[level], step.TotalSeconds / OfOne(sequences));
    }

    public void Prefilled(int level, int tokens, TimeSpan step) =>
        Learn(ref _prompt[level], step.TotalSeconds / tokens, Math.Min(1, tokens / WholeChunkTokens));

    public void Answered(int tokens) => Learn(ref _answerTokens, tokens);

    /// <summary>Seconds of a token of a prompt as its own steps showed it; null where none has run yet.</summary>
    public double? PromptToken(int level) => Estimate(_prompt, level);

    /// <summary>Seconds that a prompt takes where so many requests are computed together; null: unknown.</summary>
    public double? Prompt(int level, double tokens, int sequences)
    {
        if (Estimate(_decode, level) is not { } decode)
        {
            return null;
        }
        var alone = (Estimate(_prompt, level) ?? decode) * tokens;
        // Between two chunks the others decode a token each.
        var chunks = alone / PromptChunks.LongestShared.TotalSeconds;
        return sequences == 1 ? alone : alone + (chunks * decode * OfOne(sequences - 1));
    }

    /// <summary>Seconds that tokens of an answer take where so many requests are computed together.</summary>
    public double? Answer(int level, double tokens, int sequences) =>
        Estimate(_decode, level) * OfOne(sequences) * tokens;

    /// <summary>Seconds that a request still needs at a level; null where nothing has run yet.</summary>
    /// <param name="load">What is computed beside it.</param>
    public double? SecondsLeft(int level, double promptTokens, double answerTokens, RoundLoad load)
    {
        // Between two of its tokens there is at most one chunk of another's prompt.
        var others = Math.Min(Prompt(level, load.OthersPromptTokens, sequences: 1) ?? 0,
            answerTokens * PromptChunks.LongestShared.TotalSeconds);
        return Prompt(level, promptTokens, load.Sequences) + Answer(level, answerTokens, load.Sequences) + others;
    }

    private static void Learn(ref double value, double seen, double weight = 1)
    {
        var before = Volatile.Read(ref value);
        Volatile.Write(ref value, before == 0 ? seen : before + (NewShare * weight * (seen - before)));
    }

    /// <summary>How many times the step of one sequence a step of so many takes.</summary>
    private double OfOne(int sequences) => 1 + (Volatile.Read(ref _furtherShare) * (sequences - 1));

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

/// <summary>What is computed in one round with a request, itself included.</summary>
/// <param name="Sequences">Requests that are computed together.</param>
/// <param name="OthersPromptTokens">Tokens of another's prompt that are still to be computed.</param>
internal readonly record struct RoundLoad(int Sequences, int OthersPromptTokens)
{
    public static RoundLoad Alone { get; } = new(1, 0);
}
