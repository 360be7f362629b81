using System.Globalization;

namespace EdgeAgent.Verbs;

/// <summary>Progress on standard error: a bar that is redrawn on a terminal, a plain line for each tenth
/// elsewhere.</summary>
/// <param name="unit">Of what is counted, in the plural: <c>MB</c>; <see cref="Seconds"/> have no rate.</param>
internal sealed class ProgressLine(string step, long total, TimeProvider time, string unit = "")
{
    /// <summary>The unit of work that ends with its time.</summary>
    public const string Seconds = "s";

    private const int BarCells = 24;

    private static readonly TimeSpan SlowEnough = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly long _start = time.GetTimestamp();
    private long _drawn;
    private int _tenth;
    private bool _shown;

    /// <summary>Shows how much is done, from the first second on.</summary>
    public void Report(long done)
    {
        var elapsed = time.GetElapsedTime(_start);
        if (elapsed < SlowEnough || done <= 0)
        {
            return;
        }
        if (!Console.IsErrorRedirected && time.GetElapsedTime(_drawn) >= RedrawInterval)
        {
            Console.Error.Write($"\r{step} {Bar(done, total)} {Figures(done, total, unit, elapsed)}\e[K");
            (_drawn, _shown) = (time.GetTimestamp(), true);
        }
        else if (Console.IsErrorRedirected && 10 * done / total > _tenth)
        {
            _tenth = (int)(10 * done / total);
            Console.Error.WriteLine($"{step}: {Figures(done, total, unit, elapsed)}");
        }
    }

    /// <summary>Takes the line away.</summary>
    public void End()
    {
        if (_shown)
        {
            Console.Error.Write("\r\e[K");
        }
    }

    /// <summary>Share, amount, rate and what is left at that rate.</summary>
    public static string Figures(long done, long total, string unit, TimeSpan elapsed)
    {
        var rate = done / elapsed.TotalSeconds;
        var left = TimeSpan.FromSeconds((total - done) / rate);
        var counted = unit.Length == 0 ? "" : $" {unit}";
        var speed = unit == Seconds ? ""
            : $"{rate.ToString(rate < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)}{counted}/s, ";
        return string.Create(CultureInfo.InvariantCulture,
            $"{100.0 * done / total:0} % ({done} of {total}{counted}), {speed}")
            + left.ToString(left.TotalHours < 1 ? @"m\:ss" : @"h\:mm\:ss", CultureInfo.InvariantCulture) + " left";
    }

    /// <summary>A bar of ASCII, which every terminal can draw.</summary>
    public static string Bar(long done, long total)
    {
        var full = (int)(BarCells * Math.Clamp(done, 0, total) / total);
        return $"[{new string('#', full)}{new string('.', BarCells - full)}]";
    }
}
