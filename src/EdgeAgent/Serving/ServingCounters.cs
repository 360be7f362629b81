namespace EdgeAgent.Serving;

/// <summary>What the inference loop has done since the start; written by the loop alone, read by anyone.</summary>
internal sealed class ServingCounters
{
    private long _promptTokens;
    private long _completionTokens;
    private long _promptTicks;
    private long _completionTicks;

    public long PromptTokens => Volatile.Read(ref _promptTokens);

    public long CompletionTokens => Volatile.Read(ref _completionTokens);

    /// <summary>Time spent in prefill, all requests together.</summary>
    public TimeSpan PromptTime => new(Volatile.Read(ref _promptTicks));

    /// <summary>Time spent in decode, all requests together.</summary>
    public TimeSpan CompletionTime => new(Volatile.Read(ref _completionTicks));

    public void Add(PromptAnswer answer)
    {
        Volatile.Write(ref _promptTokens, _promptTokens + answer.PromptTokens);
        Volatile.Write(ref _completionTokens, _completionTokens + answer.CompletionTokens);
        Volatile.Write(ref _promptTicks, _promptTicks + answer.PromptTime.Ticks);
        Volatile.Write(ref _completionTicks, _completionTicks + answer.CompletionTime.Ticks);
    }
}
