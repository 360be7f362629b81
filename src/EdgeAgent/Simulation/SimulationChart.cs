using System.Globalization;
using System.Text;

namespace EdgeAgent.Simulation;

/// <summary>Draws a simulated run for people, and writes it as CSV.</summary>
internal static class SimulationChart
{
    private const int Columns = 60;
    private const int Rows = 8;
    private const string Blocks = " ▁▂▃▄▅▆▇█";

    /// <summary>Temperature as a curve, level, pace and speed as lines below it, all over the same time.</summary>
    public static string Draw(IReadOnlyList<SimulationSample> samples)
    {
        var columns = Enumerable.Range(0, Columns)
            .Select(column => samples.Skip(column * samples.Count / Columns)
                .Take(Math.Max(1, samples.Count / Columns)).ToArray())
            .Where(part => part.Length > 0).ToArray();
        var celsius = columns.Select(part => part.Max(sample => sample.SocCelsius)).ToArray();
        var (low, high) = (Math.Floor(celsius.Min() - 1), Math.Ceiling(celsius.Max() + 1));
        var text = new StringBuilder();
        for (var row = Rows - 1; row >= 0; row--)
        {
            text.Append(Line($"{low + (high - low) * (row + 0.5) / Rows,7:0.0} °C │"));
            foreach (var value in celsius)
            {
                var filled = (value - low) / (high - low) * Rows - row;
                text.Append(Blocks[(int)Math.Clamp(filled * 8, 0, 8)]);
            }
            text.AppendLine();
        }
        text.Append("     level │").AppendLine(string.Concat(columns.Select(part => part[^1].Level)));
        var most = Math.Max(1, columns.Max(part => part.Average(sample => sample.TokensPerSecond)));
        text.Append("     tok/s │").Append(string.Concat(columns.Select(part =>
            Blocks[(int)Math.Clamp(part.Average(sample => sample.TokensPerSecond) / most * 8, 0, 8)])));
        text.AppendLine(Line($" (█ {most:0})"));
        text.AppendLine(Line($"            0{new string(' ', Columns - 8)}{samples[^1].Seconds / 60:0} min"));
        return text.ToString();
    }

    /// <summary>One line per sample, with a heading.</summary>
    public static IEnumerable<string> Csv(IReadOnlyList<SimulationSample> samples) => samples
        .Select(s => Line($"{s.Seconds:0},{s.SocCelsius:0.00},{s.Watts:0.00},{s.Gigahertz:0.000},{s.Level},")
            + Line($"{s.Pace:0.00},{s.TokensPerSecond:0.0},{s.Waiting}"))
        .Prepend("seconds,soc_celsius,board_watts,clock_gigahertz,level,pace,tokens_per_second,waiting");

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
