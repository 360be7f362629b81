namespace EdgeAgent.Serving;

/// <summary>What the inference loop has done since the start; written by the loop alone, read by anyone.</summary>
internal sealed class ServingCounters
{
    private long _promptTokens;
    private long _completionTokens;
    private long _decodedTokens;
    private long _completionTicks;

    public long PromptTokens => Volatile.Read(ref _promptTokens);

    /// <summary>Tokens of answers decoded within <see cref="CompletionTime"/>: all but the first of each.</summary>
    public long DecodedTokens => Volatile.Read(ref _decodedTokens);

    public long CompletionTokens => Volatile.Read(ref _completionTokens);

    /// <summary>Time in which answers were decoded, however many at once.</summary>
    public TimeSpan CompletionTime => new(Volatile.Read(ref _completionTicks));

    /// <summary>Requests that are computed now.</summary>
    public int Sequences { get; set; }

    /// <summary>A chunk of a prompt was computed, and with its last one the first token of the answer.</summary>
    public void Prefilled(int tokens, int answerTokens)
    {
        Volatile.Write(ref _promptTokens, _promptTokens + tokens);
        Volatile.Write(ref _completionTokens, _completionTokens + answerTokens);
    }

    /// <summary>One token for each of some requests was computed.</summary>
    public void Decoded(int tokens, TimeSpan took)
    {
        Volatile.Write(ref _decodedTokens, _decodedTokens + tokens);
        Volatile.Write(ref _completionTokens, _completionTokens + tokens);
        Volatile.Write(ref _completionTicks, _completionTicks + took.Ticks);
    }
}
