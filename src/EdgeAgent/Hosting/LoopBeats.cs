using System.Collections.Immutable;

namespace EdgeAgent.Hosting;

/// <summary>The pulse of one loop of the agent.</summary>
/// <remarks>Beat at every turn of the loop, idle turns too, and wait for work no longer than
/// <see cref="LoopBeats.LongestSilence"/>: a loop that is silent for a watchdog interval is taken for hung, and the
/// whole agent is restarted.</remarks>
internal sealed class LoopBeat(LoopBeats owner, string name)
{
    private bool _hasBeaten;

    public string Name { get; } = name;

    /// <summary>Says that the loop made progress. Any thread, no lock, no allocation.</summary>
    public void Beat() => Volatile.Write(ref _hasBeaten, true);

    /// <summary>Says that the loop ended on purpose and is not awaited any more. Never call it in a
    /// <c>finally</c>: a loop that died must be missed.</summary>
    public void End() => owner.Remove(this);

    public bool HasBeaten => Volatile.Read(ref _hasBeaten);

    public void Clear() => Volatile.Write(ref _hasBeaten, false);
}

/// <summary>All loops of the agent that must make progress for the watchdog to be fed.</summary>
/// <remarks>A ping from a timer proves nothing about the loops that do the work, so the loops themselves beat and
/// <see cref="WatchdogWorker"/> looks whether all of them did.</remarks>
internal sealed class LoopBeats
{
    private ImmutableArray<LoopBeat> _loops = [];

    /// <param name="watchdogInterval">WatchdogSec of the unit, or null where no watchdog runs.</param>
    public LoopBeats(TimeSpan? watchdogInterval)
    {
        var sixth = watchdogInterval / 6 ?? TimeSpan.MaxValue;
        LongestSilence = sixth < DefaultSilence ? sixth : DefaultSilence;
    }

    /// <summary>How long a loop may wait for work before it beats again: a sixth of the watchdog interval, at most
    /// five seconds.</summary>
    /// <remarks>The ping is due at half of the interval; with a sixth, three beats fall into that half, so that one
    /// late wake-up never delays a ping.</remarks>
    public TimeSpan LongestSilence { get; }

    /// <summary>How long a loop that looks again every so often may pause: no longer than it may be silent.</summary>
    public TimeSpan PauseUpTo(TimeSpan wished) => LongestSilence < wished ? LongestSilence : wished;

    /// <summary>The loops that must beat now.</summary>
    public ImmutableArray<LoopBeat> Loops => _loops;

    private static TimeSpan DefaultSilence => TimeSpan.FromSeconds(5);

    /// <summary>Adds a loop, which has to beat from now on. Any thread.</summary>
    /// <param name="name">What logs call it: <c>inference</c>, <c>mqtt</c>; a thread that it owns has the same
    /// name.</param>
    public LoopBeat Register(string name)
    {
        var beat = new LoopBeat(this, name);
        beat.Beat();
        ImmutableInterlocked.Update(ref _loops, loops => loops.Add(beat));
        return beat;
    }

    public void Remove(LoopBeat beat) => ImmutableInterlocked.Update(ref _loops, loops => loops.Remove(beat));
}
