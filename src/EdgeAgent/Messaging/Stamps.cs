namespace EdgeAgent.Messaging;

/// <summary>Numbers and dates what the agent says of itself.</summary>
internal sealed class Stamps(AgentIdentity identity, TimeProvider time)
{
    /// <summary>Boards without a battery start in the past: a clock before this release was never set.</summary>
    private static readonly DateTimeOffset ClockFloor = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private long _seq = -1;

    /// <summary>The next number of this series, and the time of now.</summary>
    public Stamp Next()
    {
        var now = time.GetUtcNow();
        return new Stamp(
            identity.Epoch, Interlocked.Increment(ref _seq), now.ToUnixTimeMilliseconds(), now >= ClockFloor);
    }
}

/// <summary>Where a message stands in its series.</summary>
internal readonly record struct Stamp(string Epoch, long Seq, long Time, bool TimeOk);
