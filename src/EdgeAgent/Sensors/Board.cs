namespace EdgeAgent.Sensors;

/// <summary>The board as it was last read; one thread reads, any may look.</summary>
internal sealed class Board(SensorReader reader)
{
    private volatile SensorSnapshot? _snapshot;

    /// <summary>The last snapshot; null before the first.</summary>
    public SensorSnapshot? Snapshot => _snapshot;

    /// <summary>Shown every snapshot, on the thread that reads.</summary>
    public event Action<SensorSnapshot>? WasRead;

    /// <summary>Told of every change in what can be believed, on the thread that reads.</summary>
    public event Action<SensorEvent>? Told;

    /// <summary>Reads the board anew.</summary>
    public SensorSnapshot Read()
    {
        var snapshot = reader.Read();
        _snapshot = snapshot;
        WasRead?.Invoke(snapshot);
        foreach (var told in snapshot.Events)
        {
            Told?.Invoke(told);
        }
        return snapshot;
    }
}
