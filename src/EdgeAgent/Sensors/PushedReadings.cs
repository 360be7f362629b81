namespace EdgeAgent.Sensors;

/// <summary>Readings that others push: Serving its queue and deadlines, devices their line sensors; any thread may
/// push.</summary>
/// <remarks>What was pushed once stays until it is removed: a sensor that fell silent is stale, which is unknown, not
/// fine.</remarks>
internal sealed class PushedReadings(TimeProvider time)
{
    /// <summary>Names that are kept; further ones are refused.</summary>
    public const int MaxReadings = 64;

    /// <summary>Begins the name of every reading that a device of the line has published.</summary>
    public const string LinePrefix = "line_";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pushed> _readings = [];

    /// <summary>Sets a reading; false where there are too many names already.</summary>
    /// <param name="maxAge">After this long without a new value the reading is stale.</param>
    /// <param name="source">Who pushes, for people.</param>
    public bool Push(string name, double value, string unit, TimeSpan maxAge, string source, double? limit = null)
    {
        lock (_lock)
        {
            if (_readings.Count >= MaxReadings && !_readings.ContainsKey(name))
            {
                return false;
            }
            _readings[name] = new Pushed(
                new RawReading(name, value, unit, limit, source, ReadingState.Good, ReadingRoles.None, MustMove: false),
                time.GetTimestamp(), maxAge);
            return true;
        }
    }

    public void Remove(string name)
    {
        lock (_lock)
        {
            _readings.Remove(name);
        }
    }

    public void CopyTo(List<Pushed> list)
    {
        lock (_lock)
        {
            list.AddRange(_readings.Values);
        }
    }

    /// <summary>One pushed value and how long it holds.</summary>
    internal readonly record struct Pushed(RawReading Reading, long TakenAt, TimeSpan MaxAge);
}
