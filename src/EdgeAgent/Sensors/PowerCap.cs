namespace EdgeAgent.Sensors;

/// <summary>Watts out of the energy counters of powercap (RAPL): joules between two snapshots over the time between
/// them.</summary>
/// <remarks>Linux Documentation/power/powercap/powercap.rst: microjoules that wrap at `max_energy_range_uj`. Since
/// CVE-2020-8694
/// only root may read them: then the readings are there and failed, and a drop-in or a group must open them.</remarks>
internal sealed class PowerCap : ISensorSource
{
    public const int MaxDomains = 32;

    /// <summary>An energy counter of a running processor moves always; after this many equal values it is
    /// frozen.</summary>
    public const int FrozenReads = 3;

    private const string Folder = "sys/class/powercap";

    private readonly List<Domain> _domains = [];

    public string Name => "powercap";

    public void Scan(BoardFiles board)
    {
        var known = _domains.ToDictionary(domain => domain.Energy.Path);
        _domains.Clear();
        var names = new SensorNames();
        // `intel-rapl:0:1` is a part of `intel-rapl:0`; the `-mmio` tree counts the same energy again.
        foreach (var domain in board.Names(Folder, "intel-rapl:", MaxDomains))
        {
            var folder = $"{Folder}/{domain}";
            if (!board.Exists($"{folder}/energy_uj"))
            {
                continue;
            }
            var label = board.Text($"{folder}/name") ?? domain;
            var roles = label.StartsWith("package", StringComparison.Ordinal) ? ReadingRoles.SocPowerPart
                : label == "psys" ? ReadingRoles.BoardPower : ReadingRoles.None;
            var energy = board.File($"{folder}/energy_uj");
            var fresh = new Domain(
                names.Unique($"rapl_{TextNumbers.Snake(label)}_power"), energy, roles,
                board.Number($"{folder}/max_energy_range_uj") ?? 0,
                board.Number($"{folder}/constraint_0_power_limit_uw") / 1e6);
            if (known.TryGetValue(energy.Path, out var old))
            {
                fresh.CopyCounter(old);
            }
            _domains.Add(fresh);
        }
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        foreach (var domain in _domains)
        {
            var state = board.Read(domain.Energy, out var bytes);
            if (state == FileState.Read && TextNumbers.TryInteger(bytes, out var energy))
            {
                domain.Add(energy, readings);
            }
            else
            {
                readings.AddUnread(state, domain.Name, "watts", domain.Energy, domain.LimitWatts, domain.Roles);
            }
        }
    }

    /// <summary>The energy between two values of a counter that wraps.</summary>
    public static double Joules(long before, long now, long range)
    {
        var microjoules = now - before;
        return (microjoules >= 0 || range <= 0 ? microjoules : microjoules + range) / 1e6;
    }

    /// <summary>One energy counter and its last value.</summary>
    private sealed class Domain(string name, BoardFile energy, ReadingRoles roles, long range, double? limitWatts)
    {
        private long? _last;
        private long _lastAt;
        private int _same;

        public string Name => name;

        public BoardFile Energy => energy;

        public ReadingRoles Roles => roles;

        public double? LimitWatts => limitWatts;

        public void CopyCounter(Domain old) => (_last, _lastAt, _same) = (old._last, old._lastAt, old._same);

        public void Add(long value, ReadingList readings)
        {
            var seconds = readings.SecondsSince(_lastAt);
            if (_last is { } before && seconds > 0)
            {
                _same = value == before ? _same + 1 : 0;
                readings.Add(
                    name, Joules(before, value, range) / seconds, "watts", energy, limitWatts, roles,
                    state: _same >= FrozenReads ? ReadingState.Frozen : ReadingState.Good);
            }
            (_last, _lastAt) = (value, readings.TakenAt);
        }
    }
}
