using EdgeAgent.Sensors;

namespace EdgeAgent.Pruning;

/// <summary>Keeps the plan in force: looks at the board every interval and publishes what the policy decides.</summary>
/// <remarks>
/// <see cref="Update"/>, <see cref="GiveUpPowerModes"/> and <see cref="Take"/> take a lock of their own;
/// <see cref="Plan"/> is one volatile read without allocation, for any thread at any token.
/// </remarks>
internal sealed class Governor
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan[] _atLevel;
    private GovernorLimits _limits;
    private GovernorState _state;
    private volatile PruningPlan _plan;
    private TimeSpan _aboveLimit;
    private TimeSpan _paced;
    private TimeSpan _blind;
    private long _levelChanges;

    public Governor(GovernorLimits limits, TimeProvider time)
    {
        (_limits, _time) = (limits, time);
        _state = GovernorState.Start(limits);
        _plan = _state.Plan;
        _atLevel = new TimeSpan[Math.Max(limits.HighestLevel, 0) + 1];
    }

    /// <summary>The plan in force; the same reference as long as nothing changed.</summary>
    public PruningPlan Plan => _plan;

    /// <summary>Time between two looks.</summary>
    public TimeSpan Interval => _limits.Options.Interval;

    /// <summary>Told of every new plan, on the thread that looked: the plan before and the plan now.</summary>
    public event Action<PruningPlan, PruningPlan>? Changed;

    /// <summary>Looks at the board once.</summary>
    public PruningPlan Update(SensorSnapshot snapshot)
    {
        PruningPlan before, now;
        lock (_lock)
        {
            before = _plan;
            var at = _time.GetTimestamp();
            Count(snapshot, at);
            _state = GovernorPolicy.Next(snapshot, _limits, _state, at);
            _plan = now = _state.Plan;
            _levelChanges += before.Level == now.Level ? 0 : 1;
        }
        if (!ReferenceEquals(before, now))
        {
            Changed?.Invoke(before, now);
        }
        return now;
    }

    /// <summary>Goes on without power modes from the next look on: the board does not take them.</summary>
    public void GiveUpPowerModes()
    {
        lock (_lock)
        {
            _limits = _limits with { LowerPowerModes = 0 };
        }
    }

    /// <summary>What has been since the start.</summary>
    public GovernorReport Take()
    {
        lock (_lock)
        {
            return new GovernorReport([.. _atLevel], _aboveLimit, _paced, _blind, _levelChanges);
        }
    }

    private void Count(SensorSnapshot snapshot, long now)
    {
        if (_state.At is not { } before)
        {
            return;
        }
        var elapsed = _time.GetElapsedTime(before, now);
        var inputs = GovernorInputs.From(snapshot, _limits, now);
        _atLevel[Math.Min(_plan.Level, _atLevel.Length - 1)] += elapsed;
        _aboveLimit += inputs.Celsius > inputs.LimitCelsius ? elapsed : TimeSpan.Zero;
        _paced += _plan is { ClockShare: < 1 } or { PowerSteps: > 0 } || _plan.Pace < _limits.PaceCeiling
            ? elapsed : TimeSpan.Zero;
        _blind += HeatRules.IsBlindForHeat(_state, inputs) ? elapsed : TimeSpan.Zero;
    }
}

/// <summary>How the governor has worked since the start, for telemetry.</summary>
/// <param name="AtLevel">Time at each level.</param>
/// <param name="AboveLimit">Time above the temperature limit.</param>
/// <param name="Paced">Time in which pace, clock or power mode held the board within its limits.</param>
/// <param name="Blind">Time in which the temperature was unknown though the board has one.</param>
internal sealed record GovernorReport(
    IReadOnlyList<TimeSpan> AtLevel, TimeSpan AboveLimit, TimeSpan Paced, TimeSpan Blind, long LevelChanges);
