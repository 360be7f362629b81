using EdgeAgent.Sensors;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EdgeAgent.Verbs;

/// <summary>Temperature, power and load over the last minute, above a table of the primary readings.</summary>
internal sealed class SensorsChart(TimeProvider time)
{
    private const int Width = 60;
    private const string Bars = "▁▂▃▄▅▆▇█";

    private static readonly TimeSpan s_span = TimeSpan.FromMinutes(1);

    // Name, and the range that an empty and a full bar stand for; a power has no natural end.
    private static readonly (string Name, double Least, double? Most)[] s_rows =
        [("soc_temperature", 20, 100), ("board_power", 0, null), ("soc_power", 0, null), ("cpu_load", 0, 1),
            ("gpu_load", 0, 1)];

    private static readonly string[] s_shown =
    [
        "throttled", "under_voltage", "fan", "memory_available", "memory_pressure", "cpu_clock", "disk_free",
        "battery_charge",
    ];

    private readonly Queue<SensorSnapshot> _snapshots = [];

    public void Add(SensorSnapshot snapshot)
    {
        _snapshots.Enqueue(snapshot);
        while (time.GetElapsedTime(_snapshots.Peek().TakenAt, snapshot.TakenAt) > s_span)
        {
            _snapshots.Dequeue();
        }
    }

    public IRenderable Draw()
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("reading").AddColumn(new TableColumn("last minute").Width(Width)).AddColumn("now")
            .AddColumn("limit");
        var latest = _snapshots.LastOrDefault();
        foreach (var (name, least, most) in s_rows)
        {
            if (latest?.Readings.FirstOrDefault(reading => reading.Name == name) is { } now)
            {
                var values = _snapshots.Select(snapshot => snapshot.Good(name)?.Value).ToList();
                table.AddRow(
                    new Text(name), new Text(Line(values, least, most ?? values.Max() ?? 1)), new Text(Value(now)),
                    Limit(now));
            }
        }
        foreach (var reading in latest?.Readings.Where(reading => s_shown.Contains(reading.Name)) ?? [])
        {
            table.AddRow(new Text(reading.Name), Text.Empty, new Text(Value(reading)), Limit(reading));
        }
        return table;
    }

    /// <summary>One bar for each column, the newest at the right; a gap where nothing could be believed.</summary>
    public static string Line(IReadOnlyList<double?> values, double least, double most)
    {
        var columns = Enumerable.Range(0, Math.Min(Width, values.Count)).Select(column =>
        {
            // With more values than columns the highest of each column is shown: peaks are what one looks for.
            var (from, to) = (column * values.Count / Math.Min(Width, values.Count),
                (column + 1) * values.Count / Math.Min(Width, values.Count));
            var highest = values.Skip(from).Take(to - from).Max();
            return highest is not { } value ? ' '
                : Bars[(int)Math.Clamp((value - least) / Math.Max(most - least, 1e-9) * Bars.Length, 0,
                    Bars.Length - 1)];
        });
        return string.Concat(columns).PadLeft(Width);
    }

    private static string Value(Reading reading) => reading.State == ReadingState.Good
        ? SensorsText.Value(reading.Value, reading.Unit)
        : reading.State.ToString().ToLowerInvariant();

    private static Text Limit(Reading reading) =>
        reading.Limit is { } limit ? new Text(SensorsText.Value(limit, reading.Unit)) : Text.Empty;
}
