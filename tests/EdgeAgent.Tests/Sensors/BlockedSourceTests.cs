using System.Diagnostics;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>A driver that does not answer, played by a pipe that nobody writes to.</summary>
public sealed class BlockedSourceTests
{
    private const string Temperature = "sys/class/thermal/thermal_zone0/temp";

    [Fact]
    public async Task A_driver_that_hangs_stops_neither_the_snapshot_nor_the_other_sources()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader(budget: TimeSpan.FromMilliseconds(200));
        reader.Read();
        board.Kill(Temperature);
        await MakePipeAsync(board);
        board.Pass();
        var blocked = Assert.Single(reader.Read().Events, told => told.Kind == SensorEventKind.Blocked);
        Assert.Equal("thermal", blocked.Name);

        // The sources behind it are read again by the next snapshot; its own reading grows old and is told once.
        SensorSnapshot snapshot;
        var kinds = new List<SensorEventKind>();
        do
        {
            board.Pass();
            snapshot = reader.Read();
            kinds.AddRange(snapshot.Events.Select(told => told.Kind));
        }
        while (snapshot.Readings.Any(reading => reading.Name == "cpu_clock"
            && reading.TakenAt < board.Clock.GetTimestamp())
            || snapshot.Good("soc_temperature") is not null);
        Assert.Equal(ReadingState.Stale, snapshot.Readings.Single(reading => reading.Name == "soc_temperature").State);
        Assert.Single(kinds, SensorEventKind.Lost);
        Assert.DoesNotContain(SensorEventKind.Blocked, kinds);

        // The driver answers at last.
        var pipe = Path.Combine(board.Root, Temperature);
        File.Open(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite).Dispose();
        board.Kill(Temperature);
        board.Heat(62);
        do
        {
            await Task.Yield();
            board.Pass();
            snapshot = reader.Read();
        }
        while (snapshot.Good("soc_temperature")?.Value != 62);
    }

    [Fact]
    public void A_source_that_throws_is_told_once_and_the_others_go_on()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = new SensorReader(
            new SensorOptions { Root = board.Root, Budget = TimeSpan.FromSeconds(30) }, board.Clock,
            [new ThrowingSource(), new ThermalZones()]);
        var first = reader.Read();
        Assert.Equal(48.686, first.Good("soc_temperature")!.Value);
        Assert.Equal(SensorEventKind.Faulted, Assert.Single(first.Events).Kind);
        board.Pass();
        Assert.Empty(reader.Read().Events);
    }

    private static async Task MakePipeAsync(BoardFolder board)
    {
        using var mkfifo = Process.Start("mkfifo", [Path.Combine(board.Root, Temperature)]);
        await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, mkfifo.ExitCode);
    }

    /// <summary>A source with a fault of ours.</summary>
    private sealed class ThrowingSource : ISensorSource
    {
        public string Name => "throwing";

        public void Scan(BoardFiles board)
        {
        }

        public void Read(BoardFiles board, ReadingList readings) => throw new InvalidOperationException("a fault");
    }
}
