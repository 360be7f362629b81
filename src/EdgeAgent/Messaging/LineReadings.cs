using EdgeAgent.Protocol;
using EdgeAgent.Sensors;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Messaging;

/// <summary>Takes readings of the line in, so that they can be limits like those of the board.</summary>
internal sealed partial class LineReadings(PushedReadings pushed, ILogger<LineReadings> logger)
{
    private long _taken;
    private long _refused;

    /// <param name="isRetained">A retained reading is as old as nobody knows.</param>
    public void Take(string name, ReadOnlySpan<byte> payload, bool isRetained)
    {
        if (payload.IsEmpty && ReadingParser.IsName(name))
        {
            pushed.Remove(PushedReadings.LinePrefix + name);
            Interlocked.Increment(ref _taken);
            return;
        }
        var (reading, refusal) = ReadingParser.Parse(name, payload);
        if (isRetained)
        {
            Refuse(name, "it is retained, and nobody can tell how old it is");
        }
        else if (reading is null)
        {
            Refuse(name, refusal!.Message);
        }
        else if (!pushed.Push(
            PushedReadings.LinePrefix + reading.Name, reading.Value, reading.Unit, reading.Valid, "mqtt",
            reading.Limit))
        {
            Refuse(name, $"{PushedReadings.MaxReadings} names are known already");
        }
        else
        {
            Interlocked.Increment(ref _taken);
        }
    }

    public void AddTo(IDictionary<string, double> readings)
    {
        readings["line_readings_total"] = Volatile.Read(ref _taken);
        readings["line_readings_refused_total"] = Volatile.Read(ref _refused);
    }

    private void Refuse(string name, string reason)
    {
        Interlocked.Increment(ref _refused);
        LogRefused(Shown.Text(name), reason);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading {Name} of the line not taken: {Reason}")]
    private partial void LogRefused(string name, string reason);
}
