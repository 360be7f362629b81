using System.Globalization;

namespace EdgeAgent.Verbs;

/// <summary>A progress line on standard error: redrawn on a terminal, a plain line for each tenth elsewhere.</summary>
internal sealed class ProgressLine(string step, long total, TimeProvider time)
{
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
        var left = TimeSpan.FromSeconds(elapsed.TotalSeconds / done * (total - done));
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{step}: {100.0 * done / total:0} % ({done} of {total}), {left:m\\:ss} left");
        if (!Console.IsErrorRedirected && time.GetElapsedTime(_drawn) >= RedrawInterval)
        {
            Console.Error.Write($"\r{text}   ");
            (_drawn, _shown) = (time.GetTimestamp(), true);
        }
        else if (Console.IsErrorRedirected && 10 * done / total > _tenth)
        {
            _tenth = (int)(10 * done / total);
            Console.Error.WriteLine(text);
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
}
