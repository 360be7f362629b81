namespace EdgeAgent.Sensors;

/// <summary>Whether the kernel slows the processor or the GPU down now, as its cooling devices say.</summary>
/// <remarks>Linux Documentation/driver-api/thermal/sysfs-api.rst: `cur_state` 0 is no cooling. A fan's state is no
/// throttling.</remarks>
internal sealed class CoolingDevices : ISensorSource
{
    public const int MaxDevices = 64;

    private const string Folder = "sys/class/thermal";

    // cpufreq-cpu0, thermal-cpufreq-0, cpu-processor names of Jetson, devfreq, Processor of ACPI.
    private static readonly string[] s_slowingWords = ["cpufreq", "devfreq", "processor", "cpu-throttle",
        "gpu-throttle"];

    private readonly List<BoardFile> _states = [];

    public string Name => "cooling";

    public void Scan(BoardFiles board)
    {
        _states.Clear();
        foreach (var device in board.Names(Folder, "cooling_device", MaxDevices))
        {
            var type = board.Text($"{Folder}/{device}/type") ?? "";
            if (s_slowingWords.Any(word => type.Contains(word, StringComparison.OrdinalIgnoreCase)))
            {
                _states.Add(board.File($"{Folder}/{device}/cur_state"));
            }
        }
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        BoardFile? source = null;
        var isSlowed = false;
        foreach (var file in _states)
        {
            if (board.Read(file, out var bytes) == FileState.Read && TextNumbers.TryInteger(bytes, out var state))
            {
                source = source is null || (state > 0 && !isSlowed) ? file : source;
                isSlowed |= state > 0;
            }
        }
        if (source is not null)
        {
            readings.Add("kernel_throttled", isSlowed ? 1 : 0, "count", source, roles: ReadingRoles.Throttled);
        }
        else if (_states.Count > 0)
        {
            readings.AddUnread(FileState.Failed, "kernel_throttled", "count", _states[0],
                roles: ReadingRoles.Throttled);
        }
    }
}
