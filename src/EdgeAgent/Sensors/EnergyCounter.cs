namespace EdgeAgent.Sensors;

/// <summary>Makes watts of a counter of microjoules: joules between two rounds over the time between them.</summary>
internal sealed class EnergyCounter
{
    /// <summary>After this many equal values a counter that always moves is frozen.</summary>
    public const int FrozenReads = 3;

    private long? _last;
    private long _lastAt;
    private int _same;

    /// <summary>Whether it has stood still for as long as no running processor's counter does.</summary>
    public bool IsFrozen => _same >= FrozenReads;

    /// <summary>The mean power since the round before; null at the first, and where the counter began anew.</summary>
    /// <param name="range">Where it wraps, in microjoules; 0 where that is not known.</param>
    public double? Watts(long value, long range, ReadingList readings)
    {
        var seconds = readings.SecondsSince(_lastAt);
        double? watts = null;
        if (_last is { } before && seconds > 0)
        {
            _same = value == before ? _same + 1 : 0;
            // A fall is a wrap where the range is known; else the driver was loaded anew, and nothing can be said.
            watts = value >= before || range > 0 ? Joules(before, value, range) / seconds : null;
        }
        (_last, _lastAt) = (value, readings.TakenAt);
        return watts;
    }

    /// <summary>The energy between two values of a counter that wraps.</summary>
    public static double Joules(long before, long now, long range)
    {
        // As doubles: what a hostile file says can lie further apart than a long reaches.
        var microjoules = (double)now - before;
        return (microjoules >= 0 || range <= 0 ? microjoules : microjoules + range) / 1e6;
    }
}
