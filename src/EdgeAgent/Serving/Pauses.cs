using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>Keeps the pace of the plan: for each step that ran, the model rests as long as the plan wants.</summary>
/// <remarks>
/// Rest is owed from step to step and from request to request; time in which nothing runs pays it. Short rests are
/// saved up, because waiting costs more than they last; long ones are cut, so that cancel, deadline and watchdog are
/// near.
/// </remarks>
internal sealed class Pauses(PlanInForce inForce, TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(50);

    /// <summary>Ticks of the clock's timestamps at which everything that is owed has been rested.</summary>
    private long _restedAt;

    /// <summary>Counts a step that began at this timestamp and has just ended.</summary>
    public void Ran(long began, TimeSpan took) =>
        _restedAt = Math.Max(_restedAt, began) + Ticks(took + inForce.Plan.PauseAfter(took));

    /// <summary>Rests before the next step.</summary>
    /// <param name="wait">Waits so long, or shorter where somebody wants an end.</param>
    /// <param name="mustEnd">Asked between the parts of a long rest.</param>
    public void Rest(Action<TimeSpan> wait, Func<bool> mustEnd)
    {
        while (Owed() is var owed && owed >= Shortest && !mustEnd())
        {
            if (inForce.Plan.Pace >= 1)
            {
                // The board has cooled down meanwhile: what is owed is forgiven.
                _restedAt = 0;
                return;
            }
            // A wait is counted in whole milliseconds.
            wait(owed < Longest ? TimeSpan.FromMilliseconds((long)owed.TotalMilliseconds) : Longest);
        }
    }

    private TimeSpan Owed() => time.GetElapsedTime(time.GetTimestamp(), _restedAt);

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
