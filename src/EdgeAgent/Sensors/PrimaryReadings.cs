namespace EdgeAgent.Sensors;

/// <summary>The one value of each quantity that decisions are made on, chosen from all that can be believed.</summary>
/// <remarks>Where sensors for a primary reading are known and none can be believed, the reading is there with the worst
/// of their
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
    private readonly Dictionary<ReadingRoles, int> _mostParts = [];

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
        Keep(readings, now, "soc_temperature", Best(ReadingRoles.SocTemperature, (a, b) => a.Value > b.Value));
        var input = Best(ReadingRoles.BoardPower, (a, b) => a.Value > b.Value);
        Keep(readings, now, "board_power", input ?? Sum(ReadingRoles.BoardPowerPart));
        Keep(readings, now, "soc_power", Sum(ReadingRoles.SocPowerPart));
        Keep(readings, now, "throttled", Best(ReadingRoles.Throttled, (a, b) => a.Value > b.Value));
        Keep(readings, now, "under_voltage", Best(ReadingRoles.UnderVoltage, (a, b) => a.Value > b.Value));
        Keep(readings, now, "fan", Best(ReadingRoles.Fan, (a, b) => a.Value > b.Value));
        Keep(readings, now, "memory_available", Best(ReadingRoles.MemoryAvailable, (a, b) => a.Value < b.Value));
    }

    private Reading? Best(ReadingRoles role, Func<Reading, Reading, bool> isBetter)
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
        return best ?? bad;
    }

    private Reading? Sum(ReadingRoles role)
    {
        Reading? sum = null;
        var count = 0;
        foreach (var (raw, reading) in _parts)
        {
            if (!raw.Roles.HasFlag(role))
            {
                continue;
            }
            count++;
            // A sum without one of its rails would look like a cooler board: it is as good as its worst part.
            sum = sum is null ? reading with { Limit = null } : sum with
            {
                Value = sum.Value + reading.Value,
                State = sum.State == ReadingState.Good ? reading.State : sum.State,
                TakenAt = Math.Min(sum.TakenAt, reading.TakenAt),
                Source = sum.State == ReadingState.Good && reading.State != ReadingState.Good ? reading.Source
                    : sum.Source,
            };
        }
        var most = _mostParts[role] = Math.Max(count, _mostParts.GetValueOrDefault(role));
        return sum is { State: ReadingState.Good } && count < most ? sum with { State = ReadingState.Failed } : sum;
    }

    private void Keep(List<Reading> readings, long now, string name, Reading? chosen)
    {
        if (chosen is not null)
        {
            var primary = chosen with { Name = name };
            readings.Add(primary);
            _known[name] = primary;
        }
        else if (_known.TryGetValue(name, out var before))
        {
            readings.Add(before with { Value = double.NaN, State = ReadingState.Failed, TakenAt = now });
        }
    }
}
