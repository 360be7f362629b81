namespace EdgeAgent.Serving;

/// <summary>A request on its way through the agent, from receipt to its one result.</summary>
internal sealed class PromptTicket(PromptRequest request, TimeProvider time)
{
    private readonly TaskCompletionSource<PromptResult> _result =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly long _received = time.GetTimestamp();
    private volatile PromptRefusal? _interrupt;

    public PromptRequest Request { get; } = request;

    public Task<PromptResult> Result => _result.Task;

    public TimeSpan Age => time.GetElapsedTime(_received);

    public bool IsExpired => Age >= Request.Timeout;

    /// <summary>Why the answer must end before its time, once somebody asked for that.</summary>
    public PromptRefusal? Interruption => _interrupt;

    /// <summary>Asks for an end; the loop sees it before the next token. Any thread.</summary>
    public void Interrupt(PromptRefusal why) => _interrupt = why;

    /// <summary>Why the request must not be started any more, or null.</summary>
    public PromptRefusal? Ended => Interruption ?? (IsExpired
        ? new PromptRefusal(ServingFault.Expired,
            $"Not answered within {Request.Timeout.TotalMilliseconds:0} ms; it was still waiting for its turn. "
            + "Allow more time, or send fewer requests at once.")
        : null);

    /// <summary>Gives the result; only the first one counts.</summary>
    public void Complete(PromptResult result) => _result.TrySetResult(result);
}
