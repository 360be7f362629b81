using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>Sensors that vanish, fail, stick, leap and lie, each told once, with the rest going on.</summary>
public sealed class FaultTests
{
    private const string PiZone = "zone_cpu_thermal_temperature";

    [Fact]
    public void A_sensor_that_cannot_be_read_fails_alone_and_is_told_once()
    {
        using var board = new BoardFolder("jetson-orin-nano");
        using var reader = board.Reader();
        reader.Read();
        board.Break("sys/class/thermal/thermal_zone8/temp");
        var snapshot = board.ReadAfter(reader, 1);
        Assert.Equal(ReadingState.Failed, State(snapshot, "zone_tj_thermal_temperature"));
        Assert.Equal((SensorEventKind.Lost, "zone_tj_thermal_temperature"), Only(snapshot));
        // The hottest of the others takes its place.
        Assert.Equal(47.468, snapshot.Good("soc_temperature")!.Value, 1e-6);
        Assert.Empty(board.ReadAfter(reader, 20).Events);
    }

    [Fact]
    public void A_reading_that_returns_is_told_when_it_has_been_good_for_a_while()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        board.Break("sys/class/thermal/thermal_zone0/temp");
        board.ReadAfter(reader, 3);
        board.Kill("sys/class/thermal/thermal_zone0/temp");
        board.Heat(50);
        Assert.Equal(ReadingState.Good, State(board.ReadAfter(reader, 1), PiZone));
        Assert.Empty(board.ReadAfter(reader, ReadingJudge.ReturningReads - 2).Events);
        Assert.Equal((SensorEventKind.Back, PiZone), Only(board.ReadAfter(reader, 1)));
    }

    [Fact]
    public void A_loose_contact_is_told_once()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        var events = 0;
        for (var i = 0; i < 40; i++)
        {
            board.Kill("sys/class/thermal/thermal_zone0/temp");
            if (i % 2 == 0)
            {
                board.Break("sys/class/thermal/thermal_zone0/temp");
            }
            else
            {
                board.Heat(50);
            }
            events += board.ReadAfter(reader, 1).Events.Count;
        }
        Assert.Equal(1, events);
    }

    [Fact]
    public void The_only_temperature_of_a_board_does_not_vanish_silently()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        board.Kill("sys/class/thermal/thermal_zone0");
        var snapshot = board.ReadAfter(reader, 1);
        Assert.Equal(ReadingState.Failed, State(snapshot, PiZone));
        Assert.Equal(ReadingState.Failed, State(snapshot, "soc_temperature"));
        // After it has been looked for again, the detail is absent and the primary reading still unknown.
        board.ReadAfter(reader, 20);
        snapshot = reader.Read();
        Assert.DoesNotContain(snapshot.Readings, reading => reading.Name == PiZone);
        Assert.Equal(ReadingState.Failed, State(snapshot, "soc_temperature"));
        Assert.NotNull(snapshot.Good("memory_available"));
    }

    [Fact]
    public void A_device_that_goes_away_is_told_as_gone_and_comes_back_by_itself()
    {
        using var board = new BoardFolder("raspberry-pi-5");
        using var reader = board.Reader();
        reader.Read();
        board.Kill("sys/class/hwmon/hwmon2");
        var kinds = new List<(SensorEventKind, string)>();
        for (var i = 0; i < 20; i++)
        {
            kinds.AddRange(board.ReadAfter(reader, 1).Events.Select(told => (told.Kind, told.Name)));
        }
        Assert.Equal([(SensorEventKind.Lost, "pwmfan_fan1_speed"), (SensorEventKind.Gone, "pwmfan_fan1_speed")], kinds);
        board.Write("sys/class/hwmon/hwmon2/name", "pwmfan");
        board.Write("sys/class/hwmon/hwmon2/fan1_input", "3000");
        Assert.Equal(3000, board.ReadAfter(reader, 61).Good("fan")!.Value);
    }

    [Theory]
    [InlineData(250)]
    [InlineData(-256)]
    [InlineData(48_686)]
    [InlineData(151)]
    public void A_temperature_that_no_die_can_have_is_absurd(double celsius)
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        board.Heat(celsius);
        var snapshot = board.ReadAfter(reader, 10);
        Assert.Equal(ReadingState.Absurd, State(snapshot, "soc_temperature"));
        Assert.Null(snapshot.Good("soc_temperature"));
        board.Heat(49);
        Assert.Equal(49, board.ReadAfter(reader, 1).Good("soc_temperature")!.Value);
    }

    [Fact]
    public void Degrees_reported_as_thousandths_are_absurd()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        board.Write("sys/class/thermal/thermal_zone0/temp", "61");
        using var reader = board.Reader();
        Assert.Equal(ReadingState.Absurd, State(reader.Read(), "soc_temperature"));
    }

    [Fact]
    public void Watts_in_the_wrong_unit_are_absurd()
    {
        using var board = new BoardFolder("jetson-orin-nano");
        using var reader = board.Reader();
        // Microamperes where thousandths belong: 5 kW. Amperes: 5 mW.
        board.Write("sys/class/hwmon/hwmon1/curr1_input", "1040000");
        Assert.Equal(ReadingState.Absurd, State(reader.Read(), "board_power"));
        board.Write("sys/class/hwmon/hwmon1/curr1_input", "1");
        Assert.Equal(ReadingState.Absurd, State(board.ReadAfter(reader, 1), "board_power"));
    }

    [Fact]
    public void A_negative_power_is_absurd()
    {
        using var board = new BoardFolder("jetson-orin-nano");
        using var reader = board.Reader();
        board.Write("sys/class/hwmon/hwmon1/curr1_input", "-1040");
        Assert.Equal(ReadingState.Absurd, State(reader.Read(), "board_power"));
    }

    [Fact]
    public void A_leap_faster_than_physics_is_absurd_until_it_has_stayed()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        board.Heat(48.686 + PlausibleRange.JumpCelsius + 15);
        Assert.Equal(ReadingState.Absurd, State(board.ReadAfter(reader, 1), "soc_temperature"));
        board.Heat(49);
        Assert.Equal(ReadingState.Good, State(board.ReadAfter(reader, 1), "soc_temperature"));
        board.Heat(128);
        Assert.Equal(ReadingState.Absurd, State(board.ReadAfter(reader, ReadingJudge.ConfirmingReads - 1),
            "soc_temperature"));
        Assert.Equal(ReadingState.Good, State(board.ReadAfter(reader, 1), "soc_temperature"));
    }

    [Fact]
    public void A_fast_and_possible_rise_is_believed_at_once()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        board.Heat(80);
        Assert.Equal(80, board.ReadAfter(reader, 1).Good("soc_temperature")!.Value);
    }

    [Fact]
    public void A_temperature_that_stands_still_while_the_load_moves_is_frozen()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        board.ReadAfter(reader, 60, load: 0.05);
        var snapshot = board.ReadAfter(reader, 58, load: 0.95);
        Assert.Equal(ReadingState.Good, State(snapshot, PiZone));
        var before = Frozen(board, reader, reads: 5);
        Assert.Equal(1, before);
        Assert.Equal(ReadingState.Frozen, State(reader.Read(), "soc_temperature"));
        board.Heat(49.2);
        Assert.Equal(ReadingState.Good, State(board.ReadAfter(reader, 1), "soc_temperature"));
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.95)]
    public void A_temperature_that_stands_still_with_the_load_is_calm_and_not_frozen(double load)
    {
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = board.Reader();
        reader.Read();
        Assert.Equal(ReadingState.Good, State(board.ReadAfter(reader, 400, load), PiZone));
    }

    [Fact]
    public void An_energy_counter_that_stands_still_is_frozen()
    {
        using var board = new BoardFolder("plain-pc");
        using var reader = board.Reader();
        reader.Read();
        Assert.Equal(
            ReadingState.Frozen, State(board.ReadAfter(reader, EnergyCounter.FrozenReads), "rapl_package_0_power"));
    }

    [Fact]
    public void A_sum_of_rails_is_not_believed_without_one_of_them()
    {
        using var board = new BoardFolder("jetson-agx-orin");
        using var reader = board.Reader();
        reader.Read();
        board.Break("sys/class/hwmon/hwmon3/curr2_input");
        Assert.Equal(ReadingState.Failed, State(board.ReadAfter(reader, 1), "board_power"));
    }

    [Fact]
    public void A_part_that_is_switched_off_is_absent_and_nobody_is_told()
    {
        using var board = new BoardFolder("jetson-orin-nano");
        var gpu = new SleepingGpu();
        using var reader = new SensorReader(
            new SensorOptions { Root = board.Root, Budget = TimeSpan.FromSeconds(30) }, board.Clock, [gpu]);
        Assert.Equal(41, reader.Read().Good("zone_gpu_temperature")!.Value);
        for (var i = 0; i < 40; i++)
        {
            gpu.IsAsleep = i % 20 < 10;
            var snapshot = board.ReadAfter(reader, 1);
            Assert.Empty(snapshot.Events);
            Assert.Equal(gpu.IsAsleep, snapshot.Readings.All(reading => reading.Name != "zone_gpu_temperature"));
        }
    }

    private static int Frozen(BoardFolder board, SensorReader reader, int reads)
    {
        var events = 0;
        for (var i = 0; i < reads; i++)
        {
            events += board.ReadAfter(reader, 1, load: 0.95).Events.Count(told => told.State == ReadingState.Frozen);
        }
        return events;
    }

    private static ReadingState State(SensorSnapshot snapshot, string name) =>
        Assert.Single(snapshot.Readings, reading => reading.Name == name).State;

    private static (SensorEventKind Kind, string Name) Only(SensorSnapshot snapshot)
    {
        var told = Assert.Single(snapshot.Events);
        return (told.Kind, told.Name);
    }

    /// <summary>A GPU whose zone answers EAGAIN while it is switched off, which no file can do.</summary>
    private sealed class SleepingGpu : ISensorSource
    {
        public bool IsAsleep { get; set; }

        public string Name => "gpu";

        public void Scan(BoardFiles board)
        {
        }

        public void Read(BoardFiles board, ReadingList readings)
        {
            if (IsAsleep)
            {
                readings.AddUnread(FileState.Asleep, "zone_gpu_temperature", "celsius", board.File("gpu"));
            }
            else
            {
                readings.Add("zone_gpu_temperature", 41, "celsius", board.File("gpu"));
            }
        }
    }
}
