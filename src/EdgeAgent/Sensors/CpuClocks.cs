namespace EdgeAgent.Sensors;

/// <summary>The processor's clock, the cap on it, and the kernel's thermal pressure where it shows it.</summary>
/// <remarks>Linux Documentation/admin-guide/pm/cpufreq.rst: kilohertz. Of several clusters the fastest
/// counts.</remarks>
internal sealed class CpuClocks : ISensorSource
{
    public const int MaxPolicies = 64;

    /// <summary>Capacity of a processor at full clock, the unit of thermal_pressure (SCHED_CAPACITY_SCALE).</summary>
    private const double FullCapacity = 1024;

    private const string Folder = "sys/devices/system/cpu/cpufreq";

    private readonly List<Policy> _policies = [];
    private double? _maxHertz;

    public string Name => "cpufreq";

    public void Scan(BoardFiles board)
    {
        _policies.Clear();
        _maxHertz = null;
        foreach (var policy in board.Names(Folder, "policy", MaxPolicies))
        {
            var folder = $"{Folder}/{policy}";
            if (board.Number($"{folder}/cpuinfo_max_freq") is > 0 and var max)
            {
                _maxHertz = Math.Max(_maxHertz ?? 0, max * 1e3);
            }
            var pressure = $"sys/devices/system/cpu/cpu{policy["policy".Length..]}/thermal_pressure";
            _policies.Add(new Policy(
                board.File($"{folder}/scaling_cur_freq"), board.File($"{folder}/scaling_max_freq"),
                board.Exists(pressure) ? board.File(pressure) : null));
        }
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        if (_policies.Count == 0)
        {
            return;
        }
        AddHighest(board, readings, "cpu_clock", policy => policy.Current, 1e-3, "hertz", _maxHertz);
        AddHighest(board, readings, "cpu_clock_cap", policy => policy.Cap, 1e-3, "hertz", _maxHertz);
        if (_policies.Exists(policy => policy.Pressure is not null))
        {
            AddHighest(board, readings, "thermal_pressure", policy => policy.Pressure, FullCapacity, "ratio", null);
        }
    }

    private void AddHighest(
        BoardFiles board, ReadingList readings, string name, Func<Policy, BoardFile?> fileOf, double scale, string unit,
        double? limit)
    {
        BoardFile? highest = null;
        var (value, worst) = (long.MinValue, FileState.Asleep);
        foreach (var policy in _policies)
        {
            if (fileOf(policy) is not { } file)
            {
                continue;
            }
            var state = board.Read(file, out var bytes);
            var isNumber = TextNumbers.TryInteger(bytes, out var raw);
            if (state == FileState.Read && isNumber && raw > value)
            {
                (highest, value) = (file, raw);
            }
            else if (state != FileState.Asleep && !isNumber)
            {
                worst = state == FileState.Absent ? FileState.Absent : FileState.Failed;
            }
        }
        if (highest is not null)
        {
            readings.Add(name, value / scale, unit, highest, limit);
        }
        else if (fileOf(_policies[0]) is { } first)
        {
            readings.AddUnread(worst, name, unit, first, limit);
        }
    }

    /// <summary>The files of one cluster of processors.</summary>
    private sealed record Policy(BoardFile Current, BoardFile Cap, BoardFile? Pressure);
}
