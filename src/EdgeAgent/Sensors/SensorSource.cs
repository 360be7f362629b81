namespace EdgeAgent.Sensors;

/// <summary>One kind of sensor: finds what the board has of it, and reads that.</summary>
/// <remarks>Used by one thread at a time. What it returns depends on the files, the clock and its own last counters
/// only.</remarks>
internal interface ISensorSource
{
    /// <summary>For events: `thermal`, `hwmon`, ….</summary>
    string Name { get; }

    /// <summary>Looks for sensors and reads what does not change: names, labels, limits. Seldom.</summary>
    void Scan(BoardFiles board);

    /// <summary>Reads the values. Often.</summary>
    void Read(BoardFiles board, ReadingList readings);
}

/// <summary>What a value counts for in the primary readings.</summary>
[Flags]
internal enum ReadingRoles
{
    None = 0,
    SocTemperature = 1,

    /// <summary>Power of the whole board, measured at its input.</summary>
    BoardPower = 2,

    /// <summary>One of the rails that together are the board's power, where no input rail is measured.</summary>
    BoardPowerPart = 4,

    /// <summary>One of the parts that together are the power of the SoC.</summary>
    SocPowerPart = 8,
    Throttled = 16,
    Fan = 32,
    MemoryAvailable = 64,
    UnderVoltage = 128,

    /// <summary>Pushed by somebody: an oven or a deadline knows other ranges than a board.</summary>
    Pushed = 256,
}

/// <summary>A value as its source gave it, before it is judged.</summary>
/// <param name="MustMove">It changes with the load: standing still is a fault.</param>
internal readonly record struct RawReading(
    string Name, double Value, string Unit, double? Limit, string Source, ReadingState State, ReadingRoles Roles,
    bool MustMove)
{
    /// <summary>When it was asked for, where a source keeps a value for longer than a round; else that of the
    /// round.</summary>
    public long? TakenAt { get; init; }

    /// <summary>What people can do where it cannot be read; null where nothing is known to help.</summary>
    public string? Advice { get; init; }
}

/// <summary>Collects the values of one source in one round.</summary>
internal sealed class ReadingList(TimeProvider time)
{
    /// <summary>Values of one source; a server with more sensors than this does not need them all.</summary>
    public const int MaxReadings = 128;

    private readonly List<RawReading> _readings = [];
    private readonly List<string> _asleep = [];

    public IReadOnlyList<RawReading> Readings => _readings;

    /// <summary>Readings whose part of the board is switched off: absent, and nothing to tell anybody.</summary>
    public IReadOnlyList<string> Asleep => _asleep;

    /// <summary>Timestamp of the round.</summary>
    public long TakenAt { get; private set; }

    /// <summary>A file that was there is gone: the source should look again.</summary>
    public bool HasChanged { get; private set; }

    public void Begin()
    {
        _readings.Clear();
        _asleep.Clear();
        TakenAt = time.GetTimestamp();
        HasChanged = false;
    }

    public double SecondsSince(long timestamp) => time.GetElapsedTime(timestamp, TakenAt).TotalSeconds;

    public void Add(
        string name, double value, string unit, BoardFile file, double? limit = null,
        ReadingRoles roles = ReadingRoles.None, bool mustMove = false, ReadingState state = ReadingState.Good) =>
        Add(new RawReading(name, value, unit, limit, file.Path, state, roles, mustMove));

    public void Add(RawReading reading)
    {
        if (_readings.Count < MaxReadings)
        {
            _readings.Add(reading);
        }
    }

    /// <summary>Reads a file that holds one whole number, and adds it divided by its scale.</summary>
    public double AddNumber(
        BoardFiles board, BoardFile file, string name, string unit, double scale, double? limit = null,
        ReadingRoles roles = ReadingRoles.None, bool mustMove = false)
    {
        var state = board.Read(file, out var bytes);
        if (state == FileState.Read && TextNumbers.TryInteger(bytes, out var raw))
        {
            Add(name, raw / scale, unit, file, limit, roles, mustMove);
            return raw / scale;
        }
        AddUnread(state, name, unit, file, limit, roles);
        return double.NaN;
    }

    /// <summary>Adds what could not be read; a part that is switched off is absent and no fault.</summary>
    public void AddUnread(
        FileState state, string name, string unit, BoardFile file, double? limit = null,
        ReadingRoles roles = ReadingRoles.None)
    {
        HasChanged |= state == FileState.Absent;
        if (state == FileState.Asleep)
        {
            _asleep.Add(name);
        }
        else
        {
            Add(name, double.NaN, unit, file, limit, roles, state: ReadingState.Failed);
        }
    }
}

/// <summary>Gives every sensor of a source a name of its own: the second `nvme` is `nvme_2`.</summary>
internal sealed class SensorNames
{
    private readonly HashSet<string> _taken = [];

    public string Unique(string name)
    {
        var unique = name;
        for (var i = 2; !_taken.Add(unique); i++)
        {
            unique = $"{name}_{i}";
        }
        return unique;
    }
}
