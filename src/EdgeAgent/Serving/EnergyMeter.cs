using EdgeAgent.Sensors;

namespace EdgeAgent.Serving;

/// <summary>The energy that one request took.</summary>
/// <param name="JoulesAboveIdle">What the board drew more than while it waits; null before that is known.</param>
internal readonly record struct EnergyUse(double Joules, double? JoulesAboveIdle);

/// <summary>What the meter keeps of one request while it is computed; the meter's lock guards it.</summary>
internal sealed class EnergyAccount
{
    internal long BeganAt { get; init; }

    /// <summary>The share clock when the request began.</summary>
    internal double Began { get; init; }

    /// <summary>The share clock up to which its power is known.</summary>
    internal double Valued { get; set; }

    internal double Joules { get; set; }

    /// <summary>Some of its time had no power reading: its energy is unknown.</summary>
    internal bool IsLost { get; set; }
}

/// <summary>Joules of requests out of readings of power, shared fairly between those that run together.</summary>
/// <remarks>
/// A share clock runs at 1/n of the speed of time while n requests are computed; the energy of a request is the sum of
/// power times its part of that clock. Power between two readings is the mean of both (an energy counter's reading is a
/// mean already); a reading counts only for time in the same state, computing or waiting, as when it was taken. What a
/// request used since the last reading counts at the last one that was taken while the model computed. Nothing is made
/// up: a gap between readings leaves the energy of the requests in it unknown. Observe is called by the loop that reads
/// the sensors, Begin and End by the one that computes; none of them waits for a sensor.
/// </remarks>
internal sealed class EnergyMeter(TimeProvider time)
{
    /// <summary>Longer without a reading, power is unknown; the age at which readings become stale.</summary>
    public static readonly TimeSpan LongestGap = new SensorOptions().MaxAge;

    /// <summary>After this much waiting the board has settled, and its power is that of an idle board.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    /// <summary>A reading taken while the model computed stands for time between two readings so long.</summary>
    public static readonly TimeSpan LongestMemory = TimeSpan.FromMinutes(10);

    // The idle power follows falls at once and rises slowly: a low percentile, so that another program's burst does
    // not raise it. Time constants, the same however often power is read.
    private const double FallSeconds = 0.9;
    private const double RiseSeconds = 25;

    /// <summary>A mean over less computing than this says too little about it.</summary>
    private const double LeastComputingShare = 0.25;

    private readonly Lock _lock = new();
    private readonly List<EnergyAccount> _running = [];

    private long _now = time.GetTimestamp();
    private double _shareClock;
    private double _computingSeconds;
    private long _changedAt = time.GetTimestamp();

    private PowerPoint? _last;
    private double? _computingWatts;
    private long _computingAt;
    private long _computingReadings;
    private long _forgottenAt = long.MinValue;
    private double? _idleWatts;
    private EnergyReport _total = new();

    /// <summary>How many readings have been taken while the model computed. Any thread.</summary>
    public long ComputingReadings
    {
        get
        {
            lock (_lock)
            {
                return _computingReadings;
            }
        }
    }

    /// <summary>What is computed from now on draws another power: no reading from before stands for it. Any
    /// thread.</summary>
    public void ForgetComputing()
    {
        lock (_lock)
        {
            Advance();
            _computingWatts = null;
            _last = _last is { } last ? last with { WasComputing = false } : null;
            _forgottenAt = _now;
        }
    }

    /// <summary>A request begins to be computed. Any thread.</summary>
    public EnergyAccount Begin()
    {
        lock (_lock)
        {
            Advance();
            _changedAt = _running.Count == 0 ? _now : _changedAt;
            var account = new EnergyAccount { BeganAt = _now, Began = _shareClock, Valued = _shareClock };
            _running.Add(account);
            return account;
        }
    }

    /// <summary>A request has been computed; null where its energy was not measured. Any thread.</summary>
    /// <param name="tokens">Tokens that it produced, for the mean per token.</param>
    public EnergyUse? End(EnergyAccount account, int tokens)
    {
        lock (_lock)
        {
            Advance();
            if (!_running.Remove(account))
            {
                return null;
            }
            _changedAt = _running.Count == 0 ? _now : _changedAt;
            var isFresh = _last is { } last && Seconds(last.At) <= LongestGap.TotalSeconds;
            var isKnown = _computingWatts is not null && Seconds(_computingAt) <= LongestMemory.TotalSeconds;
            if (account.IsLost || !isFresh || (!isKnown && _shareClock > account.Valued))
            {
                _total = _total with { UnmeasuredRequests = _total.UnmeasuredRequests + 1 };
                return null;
            }
            var joules = account.Joules + ((_shareClock - account.Valued) * _computingWatts.GetValueOrDefault());
            double? above = _idleWatts is { } idle
                ? Math.Max(0, joules - (idle * (_shareClock - account.Began)))
                : null;
            _total = _total with
            {
                MeasuredRequests = _total.MeasuredRequests + 1,
                MeasuredTokens = _total.MeasuredTokens + tokens,
                RequestJoules = _total.RequestJoules + joules,
                RequestJoulesAboveIdle = _total.RequestJoulesAboveIdle + above.GetValueOrDefault(),
            };
            return new EnergyUse(joules, above);
        }
    }

    /// <summary>Takes the power out of a snapshot; one without a new reading to believe is passed over.</summary>
    public void Observe(SensorSnapshot snapshot)
    {
        if (PowerOf(snapshot) is not { } reading)
        {
            return;
        }
        lock (_lock)
        {
            Advance();
            var point = new PowerPoint(reading.Value, reading.TakenAt, IsMean(reading));
            if (point.At > _now || point.At <= _last?.At)
            {
                return;
            }
            Count(point);
            var computing = WattsOfComputing(point);
            Value(point, computing);
            LearnIdle(point);
            _last = point with { WasComputing = computing is not null };
            _computingSeconds = 0;
        }
    }

    /// <summary>What has been measured since the start.</summary>
    public EnergyReport Take()
    {
        lock (_lock)
        {
            return _total with { IdleWatts = _idleWatts };
        }
    }

    /// <summary>The power of the board where its input is measured, else of the SoC; never now the one and then the
    /// other: a board's reading that fails is unknown.</summary>
    private static Reading? PowerOf(SensorSnapshot snapshot)
    {
        var readings = snapshot.Readings;
        Reading? power = null;
        for (var i = 0; i < readings.Count && power?.Name != "board_power"; i++)
        {
            power = readings[i].Name is "board_power" or "soc_power" ? readings[i] : power;
        }
        return power is { State: ReadingState.Good } && double.IsFinite(power.Value) ? power : null;
    }

    /// <summary>Whether the reading is a counter's difference: the mean since the reading before.</summary>
    private static bool IsMean(Reading reading) =>
        Path.GetFileName(reading.Source.AsSpan()).StartsWith("energy", StringComparison.Ordinal);

    private void Advance()
    {
        var now = time.GetTimestamp();
        if (_running.Count > 0)
        {
            var seconds = time.GetElapsedTime(_now, now).TotalSeconds;
            _shareClock += seconds / _running.Count;
            _computingSeconds += seconds;
        }
        _now = now;
    }

    private double Seconds(long since) => time.GetElapsedTime(since, _now).TotalSeconds;

    /// <summary>The energy of the whole board, whatever it does; gaps are left out.</summary>
    private void Count(in PowerPoint point)
    {
        if (_last is { } last && time.GetElapsedTime(last.At, point.At) is var span && span <= LongestGap)
        {
            var watts = point.IsMean ? point.Watts : (last.Watts + point.Watts) / 2;
            _total = _total with
            {
                BoardJoules = _total.BoardJoules + (watts * span.TotalSeconds),
                MeasuredSeconds = _total.MeasuredSeconds + span.TotalSeconds,
            };
        }
    }

    /// <summary>The power while the model computes, as this reading shows it; null where it does not.</summary>
    private double? WattsOfComputing(in PowerPoint point)
    {
        // A counter's mean reaches back to the reading before.
        if ((point.IsMean ? _last?.At : point.At) < _forgottenAt)
        {
            return null;
        }
        if (!point.IsMean)
        {
            return _running.Count > 0 && point.At >= _changedAt ? point.Watts : null;
        }
        var share = _last is { } last ? _computingSeconds / Math.Max(Seconds(last.At), 1e-9) : 0;
        // What a counter shows above the idle power was drawn in the part of its time that was computed.
        return share >= 0.95 ? point.Watts
            : share < LeastComputingShare || _idleWatts is not { } idle ? null
            : Math.Max(idle, idle + ((point.Watts - idle) / share));
    }

    private void Value(in PowerPoint point, double? computing)
    {
        foreach (var account in _running)
        {
            var since = Math.Max(account.BeganAt, _last?.At ?? long.MinValue);
            account.IsLost |= point.At > since && time.GetElapsedTime(since, point.At) > LongestGap;
        }
        if (computing is not { } watts)
        {
            return;
        }
        var mean = point.IsMean || _last is not { WasComputing: true } before ? watts : (before.Watts + watts) / 2;
        foreach (var account in _running)
        {
            account.Joules += (_shareClock - account.Valued) * mean;
            account.Valued = _shareClock;
        }
        (_computingWatts, _computingAt) = (watts, point.At);
        _computingReadings++;
    }

    private void LearnIdle(in PowerPoint point)
    {
        if (_running.Count > 0 || _computingSeconds > 0
            || time.GetElapsedTime(_changedAt, point.At) < Settling)
        {
            return;
        }
        if (_idleWatts is not { } idle || _last is not { } last)
        {
            _idleWatts = point.Watts;
            return;
        }
        // One reading after a gap says as little of the gap as any other.
        var seconds = Math.Min(time.GetElapsedTime(last.At, point.At).TotalSeconds, LongestGap.TotalSeconds);
        var share = 1 - Math.Exp(-seconds / (point.Watts < idle ? FallSeconds : RiseSeconds));
        _idleWatts = idle + (share * (point.Watts - idle));
    }

    /// <summary>One reading of power.</summary>
    private readonly record struct PowerPoint(double Watts, long At, bool IsMean, bool WasComputing = false);
}

/// <summary>What the meter has measured since the start.</summary>
internal sealed record EnergyReport
{
    /// <summary>Power while nothing is computed; null before the board was seen waiting.</summary>
    public double? IdleWatts { get; init; }

    /// <summary>Energy of the whole board over <see cref="MeasuredSeconds"/>.</summary>
    public double BoardJoules { get; init; }

    public double MeasuredSeconds { get; init; }

    /// <summary>Energy of all requests that could be measured.</summary>
    public double RequestJoules { get; init; }

    public double RequestJoulesAboveIdle { get; init; }

    public long MeasuredRequests { get; init; }

    /// <summary>Tokens that the measured requests produced.</summary>
    public long MeasuredTokens { get; init; }

    /// <summary>Requests whose energy is not known.</summary>
    public long UnmeasuredRequests { get; init; }
}
