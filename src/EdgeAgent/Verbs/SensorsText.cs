using System.Text.Json;
using EdgeAgent.Sensors;
using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Verbs;

/// <summary>Readings as JSON for programs and as words for people.</summary>
internal static class SensorsText
{
    public static void Write(Utf8JsonWriter writer, SensorSnapshot snapshot, TimeProvider time)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("readings");
        foreach (var reading in snapshot.Readings)
        {
            writer.WriteStartObject();
            writer.WriteString("name", reading.Name);
            WriteNumber(writer, "value", reading.Value);
            writer.WriteString("unit", reading.Unit);
            if (reading.Limit is { } limit)
            {
                WriteNumber(writer, "limit", limit);
            }
            writer.WriteNumber("age_ms", (long)time.GetElapsedTime(reading.TakenAt).TotalMilliseconds);
            writer.WriteString("source", reading.Source);
            if (reading.State != ReadingState.Good)
            {
                writer.WriteString("state", State(reading.State));
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (snapshot.Events.Count > 0)
        {
            writer.WriteStartArray("events");
            foreach (var told in snapshot.Events)
            {
                writer.WriteStartObject();
                writer.WriteString("event", $"sensor_{told.Kind.ToString().ToLowerInvariant()}");
                writer.WriteString("name", told.Name);
                writer.WriteString("detail", told.Detail);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    /// <summary>Name, value, limit, state and source of one reading.</summary>
    public static IReadOnlyList<string> Row(Reading reading) =>
    [
        reading.Name, Value(reading.Value, reading.Unit), reading.Limit is { } limit ? Value(limit, reading.Unit) : "",
        reading.State == ReadingState.Good ? "" : State(reading.State), reading.Source,
    ];

    public static string Value(double value, string unit) => !double.IsFinite(value) ? "?" : unit switch
    {
        "celsius" => Text($"{value:0.0} °C"),
        "watts" => Text($"{value:0.00} W"),
        "volts" => Text($"{value:0.000} V"),
        "amperes" => Text($"{value:0.000} A"),
        "hertz" => Text($"{value / 1e6:0} MHz"),
        "ratio" => Text($"{100 * value:0.0} %"),
        "bytes" => Text($"{value / 1e6:0} MB"),
        "seconds" => Text($"{value:0.000} s"),
        "count" => Text($"{value:0.###}"),
        _ => Text($"{value:0.###} {unit}"),
    };

    private static string State(ReadingState state) => state.ToString().ToLowerInvariant();

    // JSON has no NaN: what could not be read is null.
    private static void WriteNumber(Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumber(name, Math.Round(value, 6));
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
