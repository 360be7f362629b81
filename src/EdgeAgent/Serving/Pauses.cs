using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>Keeps the pace of the plan: after each step the loop's thread waits as long as the plan wants.</summary>
/// <remarks>
/// Short pauses are saved up, because waiting costs more than they last; long ones are cut, so that cancel, deadline
/// and watchdog are always near.
/// </remarks>
internal sealed class Pauses(PlanInForce inForce, Action<TimeSpan> wait)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(50);

    private TimeSpan _owed;

    /// <summary>Pauses after a step that took so long.</summary>
    /// <param name="mustEnd">Asked between the parts of a long pause.</param>
    public void After(TimeSpan step, Func<bool> mustEnd)
    {
        _owed += inForce.Plan.PauseAfter(step);
        while (_owed >= Shortest && !mustEnd())
        {
            if (inForce.Plan.Pace >= 1)
            {
                // The board has cooled down meanwhile: what is owed is forgiven.
                _owed = TimeSpan.Zero;
                return;
            }
            // A wait is counted in whole milliseconds.
            var part = _owed < Longest ? TimeSpan.FromMilliseconds((long)_owed.TotalMilliseconds) : Longest;
            wait(part);
            _owed -= part;
        }
    }
}
