namespace EdgeAgent.Sensors;

/// <summary>Readings that others push: Serving its queue and deadlines, devices their line sensors; any thread may
/// push.</summary>
/// <remarks>What was pushed once stays until it is removed: a sensor that fell silent is stale, which is unknown, not
/// fine.</remarks>
internal sealed class PushedReadings(TimeProvider time)
{
    /// <summary>Names of the line that are kept; further ones are refused.</summary>
    public const int MaxReadings = 64;

    /// <summary>Begins the name of every reading that a device of the line has published.</summary>
    public const string LinePrefix = "line_";

    private const int ForgetAfter = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pushed> _readings = [];

    /// <summary>Sets a reading; false where there are too many names already.</summary>
    /// <param name="maxAge">After this long without a new value the reading is stale.</param>
    /// <param name="source">Who pushes, for people.</param>
    public bool Push(string name, double value, string unit, TimeSpan maxAge, string source, double? limit = null)
    {
        lock (_lock)
        {
            // The agent's own readings always have their place, whatever the line publishes.
            if (IsOfLine(name) && !_readings.ContainsKey(name) && _readings.Keys.Count(IsOfLine) >= MaxReadings)
            {
                return false;
            }
            _readings[name] = new Pushed(
                new RawReading(name, value, unit, limit, source, ReadingState.Good, ReadingRoles.Pushed,
                    MustMove: false),
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

    /// <summary>All that hold or have just ceased to; a reading of the line that is silent for ten times as long as it
    /// held is forgotten.</summary>
    public void CopyTo(List<Pushed> list)
    {
        lock (_lock)
        {
            foreach (var (name, reading) in _readings)
            {
                if (IsOfLine(name) && time.GetElapsedTime(reading.TakenAt) > ForgetAfter * reading.MaxAge)
                {
                    _readings.Remove(name);
                }
            }
            list.AddRange(_readings.Values);
        }
    }

    private static bool IsOfLine(string name) => name.StartsWith(LinePrefix, StringComparison.Ordinal);

    /// <summary>One pushed value and how long it holds.</summary>
    internal readonly record struct Pushed(RawReading Reading, long TakenAt, TimeSpan MaxAge);
}
