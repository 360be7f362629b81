using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Hosting;

namespace EdgeAgent.Tests.Pruning;

/// <summary>A governor on a manual clock, fed with readings that a test sets.</summary>
internal sealed class GovernorBench
{
    /// <summary>Nano's accuracies: level 1 costs nothing, levels 2 and 3 do.</summary>
    public static readonly IReadOnlyList<double?> Nano = [0.932, 0.934, 0.928, 0.904];

    /// <summary>Levels that cost accuracy from the first on.</summary>
    public static readonly IReadOnlyList<double?> Costly = [0.93, 0.9, 0.8, 0.7];

    private readonly Dictionary<string, (double Value, double? Limit, ReadingState State)> _readings = [];

    public GovernorBench(
        GovernorOptions? options = null, IReadOnlyList<double?>? accuracies = null, int powerModes = 0)
    {
        Limits = GovernorLimits.From(options ?? new(), accuracies ?? Costly, Clock) with
        {
            LowerPowerModes = powerModes,
        };
        Governor = new Governor(Limits, Clock);
        Set("soc_temperature", 50, limit: 80);
        Set("queue_delay", 0);
    }

    public ManualClock Clock { get; } = new();

    public GovernorLimits Limits { get; }

    public Governor Governor { get; }

    public PruningPlan Plan => Governor.Plan;

    public void Set(string name, double value, double? limit = null, ReadingState state = ReadingState.Good) =>
        _readings[name] = (value, limit, state);

    public void Remove(string name) => _readings.Remove(name);

    public SensorSnapshot Snapshot() => new(Clock.GetTimestamp(), [.. _readings.Select(reading => new Reading(
        reading.Key, reading.Value.Value, "", reading.Value.Limit, Clock.GetTimestamp(), "test",
        reading.Value.State))]);

    /// <summary>Looks for so many seconds, four times a second.</summary>
    public PruningPlan Look(double seconds = 0.25, Action<int>? before = null)
    {
        for (var i = 0; i < seconds * 4; i++)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(250));
            before?.Invoke(i);
            Governor.Update(Snapshot());
        }
        return Plan;
    }
}
