namespace EdgeAgent.Sensors;

/// <summary>Load and clock of a Jetson's GPU, clock of its memory controller, and its power mode.</summary>
/// <remarks>Load in thousandths: Orin has `devices/platform/gpu.0` only, Xavier both, Nano `devices/gpu.0`
/// (rbonghi/jetson_stats issue 360, autowarefoundation/autoware_universe pull request 11326). The memory controller's
/// clock lies
/// in debugfs, which root alone may read. nvpmodel writes the mode in force as `pmode:0002`.</remarks>
internal sealed class JetsonGpu : ISensorSource
{
    public const int MaxDevices = 64;

    private static readonly string[] s_loads =
        ["sys/devices/platform/gpu.0/load", "sys/devices/gpu.0/load", "sys/devices/platform/bus@0/17000000.gpu/load"];

    private const string Emc = "sys/kernel/debug/bpmp/debug/clk/emc/rate";
    private const string ModeFile = "var/lib/nvpmodel/status";

    private BoardFile? _load;
    private BoardFile? _clock;
    private double? _maxHertz;
    private BoardFile? _memoryClock;
    private BoardFile? _mode;

    public string Name => "jetson";

    public void Scan(BoardFiles board)
    {
        _load = s_loads.Where(board.Exists).Select(board.File).FirstOrDefault();
        var device = board.Names("sys/class/devfreq", "", MaxDevices).FirstOrDefault(name =>
            name.EndsWith(".gpu", StringComparison.Ordinal) || name.EndsWith(".ga10b", StringComparison.Ordinal)
            || name.EndsWith(".gv11b", StringComparison.Ordinal)
            || name.EndsWith(".gpu-bus", StringComparison.Ordinal));
        _clock = device is null ? null : board.File($"sys/class/devfreq/{device}/cur_freq");
        _maxHertz = device is null ? null : board.Number($"sys/class/devfreq/{device}/max_freq");
        _memoryClock = board.Exists(Emc) ? board.File(Emc) : null;
        _mode = board.Exists(ModeFile) ? board.File(ModeFile) : null;
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        if (_load is not null)
        {
            readings.AddNumber(board, _load, "gpu_load", "ratio", 1000, 1);
        }
        if (_clock is not null)
        {
            readings.AddNumber(board, _clock, "gpu_clock", "hertz", 1, _maxHertz);
        }
        if (_memoryClock is not null)
        {
            readings.AddNumber(board, _memoryClock, "memory_clock", "hertz", 1);
        }
        if (_mode is not null)
        {
            var state = board.Read(_mode, out var bytes);
            var word = TextNumbers.FirstWord(bytes);
            if (state == FileState.Read && word.StartsWith("pmode:"u8)
                && TextNumbers.TryInteger(word[6..], out var mode))
            {
                readings.Add("power_mode", mode, "count", _mode);
            }
            else
            {
                readings.AddUnread(state, "power_mode", "count", _mode);
            }
        }
    }
}
