using System.Globalization;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Hosting;

namespace EdgeAgent.Tests.Simulators;

/// <summary>A board as a folder: a copy of one of Fixtures/boards that a test heats, breaks and repairs, with a clock
/// of its own.</summary>
internal sealed class BoardFolder : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Generous = TimeSpan.FromSeconds(30);

    private long _busy = 1000;
    private long _idle = 9000;

    public BoardFolder(string board)
    {
        Root = Directory.CreateTempSubdirectory("edge-agent-board").FullName;
        var source = Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/boards", board);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(Root, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public string Root { get; }

    public ManualClock Clock { get; } = new();

    /// <summary>A reader with a budget that only a reader that truly hangs can miss on a busy machine.</summary>
    public SensorReader Reader(PushedReadings? pushed = null, TimeSpan? budget = null) => new(
        new SensorOptions { Root = Root, FirstBudget = Generous, Budget = budget ?? Generous }, Clock, pushed);

    public void Write(string path, string text)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text + "\n");
    }

    public void Heat(double celsius, int zone = 0) => Write(
        $"sys/class/thermal/thermal_zone{zone}/temp", Math.Round(celsius * 1000)
            .ToString(CultureInfo.InvariantCulture));

    /// <summary>The file is there and cannot be read, as when a driver answers EIO: a folder in its place.</summary>
    public void Break(string path)
    {
        Kill(path);
        Directory.CreateDirectory(Path.Combine(Root, path));
    }

    /// <summary>The file, or the whole device, is gone.</summary>
    public void Kill(string path)
    {
        var full = Path.Combine(Root, path);
        if (Directory.Exists(full))
        {
            Directory.Delete(full, recursive: true);
        }
        else
        {
            File.Delete(full);
        }
    }

    /// <summary>Moves the clock on by one interval in which the processors were so busy.</summary>
    public void Pass(double load = 0.1, TimeSpan? time = null)
    {
        Clock.Advance(time ?? Interval);
        _busy += (long)Math.Round(load * 100);
        _idle += 100 - (long)Math.Round(load * 100);
        Write("proc/stat", string.Create(CultureInfo.InvariantCulture, $"cpu  {_busy} 0 0 {_idle} 0 0 0 0 0 0"));
    }

    /// <summary>Reads once after each of so many intervals.</summary>
    public SensorSnapshot ReadAfter(SensorReader reader, int intervals, double load = 0.1)
    {
        SensorSnapshot? snapshot = null;
        for (var i = 0; i < intervals; i++)
        {
            Pass(load);
            snapshot = reader.Read();
        }
        return snapshot!;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
