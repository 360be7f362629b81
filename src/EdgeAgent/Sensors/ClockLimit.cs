using System.Globalization;

namespace EdgeAgent.Sensors;

/// <summary>Caps the clock of the processors where the operator allows it, and gives it back at the end.</summary>
/// <remarks>
/// Linux Documentation/admin-guide/pm/cpufreq.rst: `scaling_max_freq` in kilohertz, kept by the kernel until the next
/// start of the machine. What stood there before is recorded in a file of the runtime folder, which does not outlive
/// the machine either: an agent that was killed leaves its cap, and the next one gives the right value back. For one
/// caller at a time; nothing is thrown.
/// </remarks>
internal sealed class ClockLimit : IDisposable
{
    public const string RecordFile = "clock-limit";

    private const string Folder = "sys/devices/system/cpu/cpufreq";
    private const int MaxRecordBytes = 4096;

    private readonly BoardFiles _board;
    private readonly ChangeRecord _record;
    private readonly List<Policy> _policies = [];
    private bool _isTold;
    private bool _isCapped;

    /// <param name="root">Folder that holds `sys/`.</param>
    /// <param name="runtimeFolder">Where the values of before are recorded; null: nowhere.</param>
    public ClockLimit(string root, string? runtimeFolder = null)
    {
        _board = new BoardFiles(root);
        _record = new ChangeRecord(
            runtimeFolder is null ? null : Path.Join(runtimeFolder, RecordFile), MaxRecordBytes);
        var recorded = Recorded();
        foreach (var name in _board.Names(Folder, "policy", CpuClocks.MaxPolicies))
        {
            var (max, min) = (Number(name, "cpuinfo_max_freq"), Number(name, "cpuinfo_min_freq"));
            if (Number(name, "scaling_max_freq") is > 0 and var now && max > 0 && min > 0 && min <= max)
            {
                var before = recorded.TryGetValue(name, out var value) && value >= min && value <= max ? value : now;
                var file = _board.File($"{Folder}/{name}/scaling_max_freq");
                _policies.Add(new Policy(name, file, min.Value, max.Value, before) { Set = now });
            }
        }
    }

    /// <summary>Whether there is a clock that could be capped.</summary>
    public bool IsThere => _policies.Count > 0;

    /// <summary>Caps every clock at this share of the hardware's highest; 1 gives it back.</summary>
    /// <returns>What to tell people, once per outage: the board does not take the value. Else null.</returns>
    public string? Apply(double share)
    {
        string? refused = null;
        foreach (var policy in _policies)
        {
            var wanted = policy.Wanted(share);
            if (wanted == policy.Set)
            {
                continue;
            }
            Record();
            if (_board.Write(policy.File, wanted))
            {
                policy.Set = wanted;
            }
            else
            {
                refused = policy.File.Path;
            }
        }
        var isNew = refused is not null && !_isTold;
        _isTold = refused is not null;
        return isNew
            ? $"{refused} cannot be written, so that the clock is not limited; let the agent's account write it "
                + "(docs/OPERATIONS.md, clock limit), or take the clock out of the governor's means"
            : null;
    }

    /// <summary>Gives every clock back what it had before.</summary>
    public void Dispose()
    {
        if (!_isCapped)
        {
            return;
        }
        var isBack = true;
        foreach (var policy in _policies)
        {
            isBack &= policy.Set == policy.Before || _board.Write(policy.File, policy.Before);
        }
        if (isBack)
        {
            _record.Forget();
        }
    }

    private long? Number(string policy, string file) => _board.Number($"{Folder}/{policy}/{file}");

    private void Record()
    {
        if (!_isCapped)
        {
            _record.Write(string.Concat(_policies.Select(policy => string.Create(
                CultureInfo.InvariantCulture, $"{policy.Name} {policy.Before}\n"))));
        }
        _isCapped = true;
    }

    private Dictionary<string, long> Recorded()
    {
        var values = new Dictionary<string, long>();
        foreach (var line in _record.Read().Split('\n'))
        {
            if (line.Split(' ') is [var name, var text]
                && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                values[name] = value;
            }
        }
        // A cap of ours stands: it is to be given back even if this agent never caps.
        _isCapped = values.Count > 0;
        return values;
    }

    /// <summary>One group of processors with a common clock; kilohertz.</summary>
    private sealed record Policy(string Name, BoardFile File, long Min, long Max, long Before)
    {
        public long Set { get; set; }

        /// <summary>Never below what the hardware has, never above what was allowed before.</summary>
        public long Wanted(double share) => double.IsFinite(share) && share < 1
            ? Math.Min(Before, Math.Max(Min, (long)(Max * Math.Max(share, 0))))
            : Before;
    }
}
