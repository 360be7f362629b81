using System.Text;

namespace EdgeAgent.Sensors;

/// <summary>What our own control group (a container, a systemd slice) lets us have of memory and processor.</summary>
/// <remarks>Linux Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst. The tightest of the group and its
/// ancestors
/// counts. File cache that nobody uses (`inactive_file`) is given back under pressure and is not counted as
/// used.</remarks>
internal sealed class ControlGroup : ISensorSource
{
    public const int MaxAncestors = 8;

    /// <summary>A v1 limit this large means none (it is page-rounded 2^63).</summary>
    private const long NoLimitBytes = 1L << 60;

    private const string V2Folder = "sys/fs/cgroup";

    private readonly List<Limit> _limits = [];
    private BoardFile? _cpuStat;
    private BoardFile? _cpuLimit;
    private double? _cores;
    private (long Periods, long Throttled)? _last;

    public string Name => "cgroup";

    public void Scan(BoardFiles board)
    {
        _limits.Clear();
        (_cpuStat, _cpuLimit, _cores) = (null, null, null);
        if (board.Read(board.File("proc/self/cgroup"), out var bytes) != FileState.Read)
        {
            return;
        }
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n').Take(64))
        {
            var parts = line.Split(':', 3);
            // A path with `..` is one outside of our namespace: only what we see as the root is ours to read then.
            var path = parts.Length < 3 || parts[2].Contains("..", StringComparison.Ordinal) ? ""
                : parts[2].TrimEnd('/');
            if (parts is ["0", "", _])
            {
                AddV2(board, path);
            }
            else if (parts.Length == 3 && parts[1].Split(',').Contains("memory"))
            {
                AddV1Memory(board, $"{V2Folder}/memory{path}");
            }
            else if (parts.Length == 3 && parts[1].Split(',').Contains("cpu"))
            {
                AddV1Cpu(board, $"{V2Folder}/{parts[1]}{path}");
            }
        }
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        Limit? tightest = null;
        var (least, used) = (double.MaxValue, 0.0);
        foreach (var limit in _limits)
        {
            if (board.Read(limit.Usage, out var bytes) != FileState.Read
                || !TextNumbers.TryInteger(bytes, out var usage))
            {
                readings.AddUnread(FileState.Absent, "cgroup_memory_available", "bytes", limit.Usage,
                    roles: ReadingRoles.MemoryAvailable);
                return;
            }
            if (board.Read(limit.Stat, out bytes) == FileState.Read
                && TextNumbers.TryField(bytes, limit.CacheField, out var cache))
            {
                usage = Math.Max(0, usage - cache);
            }
            if (limit.Bytes - usage < least)
            {
                (tightest, least, used) = (limit, limit.Bytes - usage, usage);
            }
        }
        if (tightest is not null)
        {
            readings.Add("cgroup_memory_used", used, "bytes", tightest.Usage, tightest.Bytes);
            readings.Add(
                "cgroup_memory_available", Math.Max(0, least), "bytes", tightest.Usage,
                roles: ReadingRoles.MemoryAvailable);
        }
        ReadCpu(board, readings);
    }

    private void ReadCpu(BoardFiles board, ReadingList readings)
    {
        if (_cores is { } cores && _cpuLimit is not null)
        {
            readings.Add("cgroup_cpu_limit", cores, "count", _cpuLimit);
        }
        if (_cpuStat is null || board.Read(_cpuStat, out var bytes) != FileState.Read
            || !TextNumbers.TryField(bytes, "nr_periods "u8, out var periods)
            || !TextNumbers.TryField(bytes, "nr_throttled "u8, out var throttled))
        {
            return;
        }
        if (_last is { } before && periods > before.Periods && throttled >= before.Throttled)
        {
            readings.Add(
                "cgroup_cpu_throttled", (double)(throttled - before.Throttled) / (periods - before.Periods),
                "ratio", _cpuStat);
        }
        _last = (periods, throttled);
    }

    private void AddV2(BoardFiles board, string path)
    {
        // In a container without a namespace the path is the host's, and our group is mounted as the root.
        path = board.Exists($"{V2Folder}{path}/cgroup.procs") ? path : "";
        for (var i = 0; i < MaxAncestors; i++)
        {
            var folder = $"{V2Folder}{path}";
            if (board.Number($"{folder}/memory.max") is > 0 and var max)
            {
                _limits.Add(new Limit(max, board.File($"{folder}/memory.current"), board.File($"{folder}/memory.stat"),
                    false));
            }
            if (board.Text($"{folder}/cpu.max")?.Split(' ') is [var quota, var period]
                && TryCores(quota, period) is { } cores && cores < (_cores ?? double.MaxValue))
            {
                (_cores, _cpuLimit, _cpuStat) = (cores, board.File($"{folder}/cpu.max"),
                    board.File($"{folder}/cpu.stat"));
            }
            if (path.Length == 0)
            {
                break;
            }
            path = path[..Math.Max(0, path.LastIndexOf('/'))];
        }
    }

    private void AddV1Memory(BoardFiles board, string folder)
    {
        folder = board.Exists($"{folder}/memory.usage_in_bytes") ? folder : $"{V2Folder}/memory";
        if (board.Number($"{folder}/memory.limit_in_bytes") is > 0 and < NoLimitBytes and var max)
        {
            _limits.Add(new Limit(
                max, board.File($"{folder}/memory.usage_in_bytes"), board.File($"{folder}/memory.stat"), true));
        }
    }

    private void AddV1Cpu(BoardFiles board, string folder)
    {
        folder = board.Exists($"{folder}/cpu.cfs_quota_us") ? folder : $"{V2Folder}/cpu";
        if (board.Number($"{folder}/cpu.cfs_quota_us") is > 0 and var quota
            && board.Number($"{folder}/cpu.cfs_period_us") is > 0 and var period)
        {
            _cores = (double)quota / period;
            (_cpuLimit, _cpuStat) = (board.File($"{folder}/cpu.cfs_quota_us"), board.File($"{folder}/cpu.stat"));
        }
    }

    private static double? TryCores(string quota, string period) =>
        long.TryParse(quota, out var microseconds) && long.TryParse(period, out var of) && microseconds > 0 && of > 0
            ? (double)microseconds / of : null;

    /// <summary>The memory limit of our group or of one above it.</summary>
    private sealed record Limit(long Bytes, BoardFile Usage, BoardFile Stat, bool IsV1)
    {
        public ReadOnlySpan<byte> CacheField => IsV1 ? "total_inactive_file "u8 : "inactive_file "u8;
    }
}
