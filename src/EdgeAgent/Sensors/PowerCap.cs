namespace EdgeAgent.Sensors;

/// <summary>Watts out of the energy counters of powercap (RAPL): joules between two snapshots over the time between
/// them.</summary>
/// <remarks>Linux Documentation/power/powercap/powercap.rst: microjoules that wrap at `max_energy_range_uj`. Since
/// CVE-2020-8694
/// only root may read them: then the readings are there and failed, and a drop-in or a group must open them.</remarks>
internal sealed class PowerCap : ISensorSource
{
    public const int MaxDomains = 32;

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
            known.TryGetValue(energy.Path, out var old);
            _domains.Add(new Domain(
                names.Unique($"rapl_{TextNumbers.Snake(label)}_power"), energy, roles,
                board.Number($"{folder}/max_energy_range_uj") ?? 0,
                board.Number($"{folder}/constraint_0_power_limit_uw") / 1e6, old?.Counter ?? new EnergyCounter()));
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

    /// <summary>One energy counter and what it is.</summary>
    private sealed record Domain(
        string Name, BoardFile Energy, ReadingRoles Roles, long Range, double? LimitWatts, EnergyCounter Counter)
    {
        public void Add(long value, ReadingList readings)
        {
            if (Counter.Watts(value, Range, readings) is { } watts)
            {
                readings.Add(
                    Name, watts, "watts", Energy, LimitWatts, Roles,
                    state: Counter.IsFrozen ? ReadingState.Frozen : ReadingState.Good);
            }
            else
            {
                readings.AddUnread(FileState.Asleep, Name, "watts", Energy);
            }
        }
    }
}
