namespace EdgeAgent.Sensors;

/// <summary>Where and how the board is read.</summary>
internal sealed record SensorOptions
{
    /// <summary>Folder that holds `sys/` and `proc/`. Default `/`: the machine itself.</summary>
    public string Root { get; init; } = "/";

    /// <summary>Folder whose file system `disk_free` is about; null: not read.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Digital inputs; at most 40. Default none.</summary>
    public IReadOnlyList<GpioInput> GpioInputs { get; init; } = [];

    /// <summary>A snapshot waits so long for its sources. Default 100 ms.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The first snapshot waits so long: code is compiled and folders are searched in it. Default 2
    /// s.</summary>
    public TimeSpan FirstBudget { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A reading of the board that is older is stale. Default 2 s, four snapshots.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The power chip of a Raspberry Pi 5 is asked so often at most. Default 1 s: each question keeps its
    /// firmware busy for 23 ms, and power is unknown after <see cref="MaxAge"/> only.</summary>
    public TimeSpan FirmwarePause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>New devices are looked for so often. Default 30 s.</summary>
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Reads the board: one snapshot of everything that can be known, and how far to believe it.</summary>
/// <remarks>Read is for one caller at a time and never throws; its readings may be used by any thread.</remarks>
internal sealed class SensorReader : IDisposable
{
    private readonly SensorOptions _options;
    private readonly TimeProvider _time;
    private readonly SourceRunner _runner;
    private readonly ReadingJudge _judge;
    private readonly PrimaryReadings _primary = new();
    private readonly List<PushedReadings.Pushed> _copies = [];
    private readonly HashSet<string> _faulted = [];
    private int _count = 32;
    private bool _isFirst = true;

    public SensorReader(SensorOptions options, TimeProvider time, PushedReadings? pushed = null)
        : this(options, time, SourcesOf(options), pushed)
    {
    }

    public SensorReader(
        SensorOptions options, TimeProvider time, IEnumerable<ISensorSource> sources, PushedReadings? pushed = null)
    {
        (_options, _time) = (options, time);
        Pushed = pushed ?? new PushedReadings(time);
        _judge = new ReadingJudge(time);
        _runner = new SourceRunner(new BoardFiles(options.Root), time, sources, options.ScanInterval);
    }

    /// <summary>Where others put their readings.</summary>
    public PushedReadings Pushed { get; }

    public SensorSnapshot Read()
    {
        var isComplete = _runner.Run(_isFirst ? _options.FirstBudget : _options.Budget);
        _isFirst = false;
        var details = new List<Reading>(_count);
        _judge.Begin();
        _primary.Begin();
        var load = Load();
        foreach (var slot in _runner.Slots)
        {
            if (slot.Latest is { } latest)
            {
                foreach (var raw in latest.Readings)
                {
                    Add(details, raw, latest.TakenAt, _options.MaxAge, load);
                }
            }
            foreach (var name in slot.Latest?.Asleep ?? [])
            {
                _judge.KeepAsleep(name);
            }
            TellBlocked(slot, isComplete);
            if (slot.TakeFault() is { } fault && _faulted.Add(slot.Name))
            {
                _judge.Add(new SensorEvent(
                    SensorEventKind.Faulted, slot.Name, ReadingState.Failed, fault, _time.GetTimestamp()));
            }
        }
        _copies.Clear();
        Pushed.CopyTo(_copies);
        foreach (var pushed in _copies)
        {
            if (PrimaryReadings.IsPrimary(pushed.Reading.Name))
            {
                continue;
            }
            Add(details, pushed.Reading, pushed.TakenAt, pushed.MaxAge, load);
        }
        var now = _time.GetTimestamp();
        var readings = new List<Reading>(_count + PrimaryReadings.MaxReadings);
        _primary.AddTo(readings, now);
        readings.AddRange(details);
        _count = details.Count;
        return new SensorSnapshot(now, readings) { Events = _judge.End() };
    }

    public void Dispose() => _runner.Dispose();

    private static List<ISensorSource> SourcesOf(SensorOptions options)
    {
        List<ISensorSource> sources =
        [
            new CpuLoad(), new MemoryFigures(), new PressureStalls(), new ControlGroup(), new ThermalZones(),
            new CoolingDevices(), new CpuClocks(), new RaspberryPiFirmware(), new JetsonGpu(), new HardwareMonitors(),
            new PowerCap(), new PowerChip(pause: options.FirmwarePause), new Batteries(),
        ];
        if (options.DataFolder is { } folder)
        {
            sources.Add(new DiskSpace(() => DiskSpace.FreeBytes(folder), folder));
        }
        if (options.GpioInputs.Count > 0)
        {
            sources.Add(new GpioInputs(options.GpioInputs));
        }
        return sources;
    }

    private void Add(List<Reading> readings, in RawReading raw, long takenAt, TimeSpan maxAge, double? load)
    {
        takenAt = raw.TakenAt ?? takenAt;
        if (_judge.Judge(raw, takenAt, maxAge, load) is { } state)
        {
            var reading = new Reading(raw.Name, raw.Value, raw.Unit, raw.Limit, takenAt, raw.Source, state);
            readings.Add(reading);
            _primary.Consider(raw, reading);
        }
    }

    private void TellBlocked(SourceSlot slot, bool isComplete)
    {
        if (!slot.IsBusy)
        {
            slot.IsToldBlocked = false;
        }
        else if (!isComplete && !slot.IsToldBlocked)
        {
            slot.IsToldBlocked = true;
            _judge.Add(new SensorEvent(
                SensorEventKind.Blocked, slot.Name, ReadingState.Stale,
                $"a driver of {slot.Name} has not answered within {_options.Budget.TotalMilliseconds:0} ms",
                _time.GetTimestamp()));
        }
    }

    private double? Load()
    {
        foreach (var slot in _runner.Slots)
        {
            foreach (var raw in slot.Latest?.Readings ?? [])
            {
                if (raw is { Name: "cpu_load", State: ReadingState.Good })
                {
                    return raw.Value;
                }
            }
        }
        return null;
    }
}
