namespace EdgeAgent.Sensors;

/// <summary>The one value of each quantity that decisions are made on, chosen from all that can be believed.</summary>
/// <remarks>Where sensors for a primary reading are known and none can be believed, the reading is there with the worst of their
/// states: unknown, which is not the same as absent and never the same as fine.</remarks>
internal sealed class PrimaryReadings
{
    public const int MaxReadings = 8;

    private static readonly HashSet<string> s_names =
    [
        "soc_temperature", "board_power", "soc_power", "throttled", "under_voltage", "fan", "memory_available",
    ];

    private readonly List<(RawReading Raw, Reading Reading)> _parts = [];

    // Once a board had it, its absence is a failure.
    private readonly Dictionary<string, Reading> _known = [];

    /// <summary>Names that are ours to give: nobody can push a reading under one of them.</summary>
    public static bool IsPrimary(string name) => s_names.Contains(name);

    public void Begin() => _parts.Clear();

    public void Consider(in RawReading raw, Reading reading)
    {
        if (raw.Roles != ReadingRoles.None)
        {
            _parts.Add((raw, reading));
        }
    }

    public void AddTo(List<Reading> readings, long now)
    {
        Add(readings, now, "soc_temperature", ReadingRoles.SocTemperature, (a, b) => a.Value > b.Value);
        var input = Add(readings, now, "board_power", ReadingRoles.BoardPower, (a, b) => a.Value > b.Value);
        if (input is null)
        {
            AddSum(readings, now, "board_power", ReadingRoles.BoardPowerPart);
        }
        AddSum(readings, now, "soc_power", ReadingRoles.SocPowerPart);
        Add(readings, now, "throttled", ReadingRoles.Throttled, (a, b) => a.Value > b.Value);
        Add(readings, now, "under_voltage", ReadingRoles.UnderVoltage, (a, b) => a.Value > b.Value);
        Add(readings, now, "fan", ReadingRoles.Fan, (a, b) => a.Value > b.Value);
        Add(readings, now, "memory_available", ReadingRoles.MemoryAvailable, (a, b) => a.Value < b.Value);
    }

    private Reading? Add(
        List<Reading> readings, long now, string name, ReadingRoles role, Func<Reading, Reading, bool> isBetter)
    {
        Reading? best = null;
        Reading? bad = null;
        foreach (var (raw, reading) in _parts)
        {
            if (!raw.Roles.HasFlag(role))
            {
                continue;
            }
            if (reading.State != ReadingState.Good)
            {
                bad ??= reading;
            }
            else if (best is null || isBetter(reading, best))
            {
                best = reading;
            }
        }
        return Keep(readings, now, name, best ?? bad);
    }

    private void AddSum(List<Reading> readings, long now, string name, ReadingRoles role)
    {
        Reading? sum = null;
        foreach (var (raw, reading) in _parts)
        {
            if (!raw.Roles.HasFlag(role))
            {
                continue;
            }
            // A sum without one of its rails would look like a cooler board: it is as good as its worst part.
            sum = sum is null ? reading with { Limit = null } : sum with
            {
                Value = sum.Value + reading.Value,
                State = sum.State == ReadingState.Good ? reading.State : sum.State,
                TakenAt = Math.Min(sum.TakenAt, reading.TakenAt),
                Source = sum.State == ReadingState.Good && reading.State != ReadingState.Good ? reading.Source : sum.Source,
            };
        }
        Keep(readings, now, name, sum);
    }

    private Reading? Keep(List<Reading> readings, long now, string name, Reading? chosen)
    {
        if (chosen is not null)
        {
            var primary = chosen with { Name = name };
            readings.Add(primary);
            _known[name] = primary;
            return primary;
        }
        if (_known.TryGetValue(name, out var before))
        {
            readings.Add(before with { Value = double.NaN, State = ReadingState.Failed, TakenAt = now });
        }
        return null;
    }
}
