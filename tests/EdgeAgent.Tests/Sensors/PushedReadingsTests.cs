using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>Readings of Serving and of devices, which others push.</summary>
public sealed class PushedReadingsTests : IDisposable
{
    private static readonly TimeSpan s_age = TimeSpan.FromSeconds(3);

    private readonly BoardFolder _board = new("raspberry-pi-4");
    private readonly SensorReader _reader;

    public PushedReadingsTests() => _reader = _board.Reader();

    public void Dispose()
    {
        _reader.Dispose();
        _board.Dispose();
    }

    [Fact]
    public void A_pushed_reading_is_in_the_next_snapshot_with_its_limit_and_age()
    {
        _reader.Pushed.Push("line_temperature", 71.5, "celsius", s_age, "device/press-4", limit: 80);
        _board.Pass();
        var reading = _reader.Read().Good("line_temperature");
        Assert.Equal((71.5, 80.0, "device/press-4"), (reading!.Value, reading.Limit!.Value, reading.Source));
        Assert.Equal(BoardFolder.Interval, _board.Clock.GetElapsedTime(reading.TakenAt));
    }

    [Fact]
    public void A_device_that_falls_silent_is_stale_and_told_once()
    {
        _reader.Pushed.Push("line_temperature", 71.5, "celsius", s_age, "device/press-4");
        Assert.Empty(_board.ReadAfter(_reader, 6).Events);
        var snapshot = _board.ReadAfter(_reader, 1);
        Assert.Equal(ReadingState.Stale, snapshot.Readings.Single(reading => reading.Name == "line_temperature").State);
        Assert.Equal((SensorEventKind.Lost, ReadingState.Stale), snapshot.Events.Select(e => (e.Kind, e.State))
            .Single());
        Assert.Empty(_board.ReadAfter(_reader, 30).Events);
        _reader.Pushed.Remove("line_temperature");
        Assert.Equal(SensorEventKind.Gone, Assert.Single(_board.ReadAfter(_reader, 1).Events).Kind);
    }

    [Fact]
    public void Thousandths_pushed_as_degrees_are_absurd()
    {
        _reader.Pushed.Push("line_temperature", 71_500, "celsius", s_age, "device/press-4");
        Assert.Null(_reader.Read().Good("line_temperature"));
        _reader.Pushed.Push("line_temperature", double.NaN, "celsius", s_age, "device/press-4");
        Assert.Null(_reader.Read().Good("line_temperature"));
    }

    [Fact]
    public void Nobody_can_push_in_place_of_a_sensor_of_the_board()
    {
        _reader.Pushed.Push("zone_cpu_thermal_temperature", 20, "celsius", s_age, "device/liar");
        _reader.Pushed.Push("soc_temperature", 20, "celsius", s_age, "device/liar");
        var snapshot = _reader.Read();
        Assert.Equal(48.686, snapshot.Good("zone_cpu_thermal_temperature")!.Value);
        Assert.Equal(48.686, Assert.Single(snapshot.Readings, reading => reading.Name == "soc_temperature").Value);
    }

    [Fact]
    public void A_board_keeps_64_names_of_the_line_and_refuses_more()
    {
        for (var i = 0; i < PushedReadings.MaxReadings; i++)
        {
            Assert.True(_reader.Pushed.Push($"line_{i}", i, "count", s_age, "test"));
        }
        Assert.False(_reader.Pushed.Push("line_more", 1, "count", s_age, "test"));
        Assert.True(_reader.Pushed.Push("queue_delay", 1, "seconds", s_age, "serving"));
        Assert.True(_reader.Pushed.Push("line_3", 33, "count", s_age, "test"));
        Assert.Equal(33, _reader.Read().Good("line_3")!.Value);
    }

    [Fact]
    public async Task Many_threads_may_push_while_the_board_is_read()
    {
        var pushing = Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                _reader.Pushed.Push($"line_{(thread * 7 + i) % 70}", i, "count", s_age, "test");
            }
        })).ToArray();
        while (!Task.WhenAll(pushing).IsCompleted)
        {
            Assert.NotNull(_reader.Read().Good("soc_temperature"));
        }
        await Task.WhenAll(pushing);
    }
}
