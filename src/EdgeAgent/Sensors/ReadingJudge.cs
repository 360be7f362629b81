using System.Globalization;

namespace EdgeAgent.Sensors;

/// <summary>Decides how far each reading can be believed, from its range, its history and the load.</summary>
/// <remarks>
/// Absurd: outside its range, or a leap faster than physics; a new value after a leap is believed when it has stayed
/// for
/// <see cref="ConfirmingReads"/> reads (the sensor was away, or somebody put the board into an oven). Frozen: a value
/// that must
/// move with the load stayed equal for <see cref="FrozenReads"/> reads in which the load was high and low; equal values
/// alone
/// prove nothing, because an idle board in a calm room is that calm. An outage is told once, and its end when the
/// reading has
/// been good for <see cref="ReturningReads"/> reads, so that a loose contact does not fill the log.
/// </remarks>
internal sealed class ReadingJudge(TimeProvider time)
{
    public const int ConfirmingReads = 3;
    public const int FrozenReads = 120;
    public const int ReturningReads = 10;

    /// <summary>Readings with a history; a snapshot's sources cannot give more.</summary>
    public const int MaxHistories = 1024;

    /// <summary>Events of one snapshot; more come with the next.</summary>
    public const int MaxEvents = 64;

    private const double HighLoad = 0.7;
    private const double LowLoad = 0.3;

    /// <summary>So many reads at high and at low load are needed, about 10 s each: a die follows within one.</summary>
    private const int LoadReads = 20;

    private readonly Dictionary<string, History> _histories = [];
    private List<SensorEvent>? _events;
    private int _round;
    private long _now;

    /// <summary>Begins a snapshot.</summary>
    public void Begin()
    {
        _round++;
        _now = time.GetTimestamp();
        _events = null;
    }

    /// <summary>The state of a reading; null for a second reading of the same name, which is left out.</summary>
    /// <param name="load">Load of the processors now, 0 to 1, where known.</param>
    /// <param name="maxAge">Older readings are stale.</param>
    public ReadingState? Judge(in RawReading reading, long takenAt, TimeSpan maxAge, double? load)
    {
        if (!_histories.TryGetValue(reading.Name, out var history))
        {
            if (_histories.Count >= MaxHistories)
            {
                return null;
            }
            _histories[reading.Name] = history = new History();
        }
        if (history.Round == _round)
        {
            return null;
        }
        var isNew = history.TakenAt != takenAt || history.Round == 0;
        (history.Round, history.Source) = (_round, reading.Source);
        if (isNew)
        {
            history.Fresh = JudgeFresh(reading, history, takenAt, load);
            history.TakenAt = takenAt;
        }
        var state = history.Fresh;
        if (state == ReadingState.Good && time.GetElapsedTime(takenAt, _now) > maxAge)
        {
            state = ReadingState.Stale;
        }
        Tell(reading, history, state);
        return state;
    }

    /// <summary>A reading that is absent because its part is switched off (a Jetson's idle GPU) is not gone.</summary>
    public void KeepAsleep(string name)
    {
        if (_histories.TryGetValue(name, out var history))
        {
            history.Round = _round;
        }
    }

    /// <summary>Ends a snapshot: what was there the last time and is not there now is gone.</summary>
    public IReadOnlyList<SensorEvent> End()
    {
        foreach (var (name, history) in _histories)
        {
            if (history.Round == _round - 1)
            {
                var detail = $"{history.Source} is not there any more";
                Add(new SensorEvent(SensorEventKind.Gone, name, ReadingState.Failed, detail, _now));
                history.IsLost = true;
                history.GoodReads = 0;
            }
        }
        return _events ?? (IReadOnlyList<SensorEvent>)[];
    }

    public void Add(SensorEvent told)
    {
        _events ??= [];
        if (_events.Count < MaxEvents)
        {
            _events.Add(told);
        }
    }

    private ReadingState JudgeFresh(in RawReading reading, History history, long takenAt, double? load)
    {
        if (reading.State != ReadingState.Good)
        {
            history.Suspects = 0;
            return reading.State;
        }
        if (reading.Roles.HasFlag(ReadingRoles.Pushed))
        {
            return PlausibleRange.OfPushed(reading.Unit).Contains(reading.Value)
                ? ReadingState.Good
                : ReadingState.Absurd;
        }
        if (!PlausibleRange.Of(reading.Unit, reading.Roles.HasFlag(ReadingRoles.BoardPower)).Contains(reading.Value))
        {
            history.Suspects = 0;
            return ReadingState.Absurd;
        }
        if (!Follows(reading, history, takenAt))
        {
            return ReadingState.Absurd;
        }
        (history.Believed, history.BelievedAt, history.Suspects) = (reading.Value, takenAt, 0);
        return reading.MustMove && StandsStill(history, reading.Value, load) ? ReadingState.Frozen : ReadingState.Good;
    }

    private bool Follows(in RawReading reading, History history, long takenAt)
    {
        if (double.IsNaN(history.Believed)
            || PlausibleRange.CanFollow(
                reading.Unit, history.Believed, reading.Value, Seconds(history.BelievedAt, takenAt)))
        {
            return true;
        }
        var isSteady = history.Suspects > 0 && PlausibleRange.CanFollow(
            reading.Unit, history.Suspect, reading.Value, Seconds(history.TakenAt, takenAt));
        history.Suspects = isSteady ? history.Suspects + 1 : 1;
        history.Suspect = reading.Value;
        return history.Suspects >= ConfirmingReads;
    }

    private double Seconds(long from, long to) => time.GetElapsedTime(from, to).TotalSeconds;

    private static bool StandsStill(History history, double value, double? load)
    {
        if (value != history.Last)
        {
            (history.Last, history.Same, history.HighReads, history.LowReads) = (value, 0, 0, 0);
            return false;
        }
        history.Same++;
        history.HighReads += load >= HighLoad ? 1 : 0;
        history.LowReads += load <= LowLoad ? 1 : 0;
        return history.Same >= FrozenReads && history.HighReads >= LoadReads && history.LowReads >= LoadReads;
    }

    private void Tell(in RawReading reading, History history, ReadingState state)
    {
        if (state == ReadingState.Good)
        {
            history.GoodReads++;
            if (history.IsLost && history.GoodReads >= ReturningReads)
            {
                history.IsLost = false;
                var detail = $"{reading.Source} is good again";
                Add(new SensorEvent(SensorEventKind.Back, reading.Name, state, detail, _now));
            }
            return;
        }
        history.GoodReads = 0;
        if (!history.IsLost)
        {
            history.IsLost = true;
            Add(new SensorEvent(SensorEventKind.Lost, reading.Name, state, Why(reading, state), _now));
        }
    }

    private static string Why(in RawReading reading, ReadingState state) => state switch
    {
        ReadingState.Failed when reading.Advice is { } advice => $"{reading.Source} cannot be read; {advice}",
        ReadingState.Failed => $"{reading.Source} cannot be read",
        ReadingState.Frozen => $"{reading.Source} does not move while the load does",
        ReadingState.Stale => $"{reading.Source} has given nothing new for too long",
        _ => string.Create(CultureInfo.InvariantCulture, $"{reading.Source} says {reading.Value:G6} {reading.Unit}"),
    };

    /// <summary>What is remembered of one reading.</summary>
    private sealed class History
    {
        public int Round;
        public string Source = "";
        public long TakenAt;
        public ReadingState Fresh;
        public double Believed = double.NaN;
        public long BelievedAt;
        public double Suspect;
        public int Suspects;
        public double Last = double.NaN;
        public int Same;
        public int HighReads;
        public int LowReads;
        public int GoodReads;
        public bool IsLost;
    }
}
