using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>Energies of hwmon chips as powers; Linux Documentation/hwmon/sysfs-interface.rst: microjoules.</summary>
public sealed class EnergyCounterTests : IDisposable
{
    private const string Chip = "sys/class/hwmon/hwmon9";
    private const string Name = "i915_energy1_power";

    private readonly BoardFolder _board = new("raspberry-pi-5");
    private readonly SensorReader _reader;

    public EnergyCounterTests()
    {
        _board.Write($"{Chip}/name", "i915");
        _board.Write($"{Chip}/energy1_input", "5000000");
        var options = new SensorOptions { Root = _board.Root, Budget = TimeSpan.FromSeconds(30) };
        _reader = new SensorReader(options, _board.Clock, [new HardwareMonitors()]);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _board.Dispose();
    }

    [Fact]
    public void The_power_of_an_energy_is_its_growth_over_the_time_between_two_snapshots()
    {
        Assert.Null(_reader.Read().Good(Name));
        var reading = Next(5_000_000 + 3_000_000).Good(Name);
        Assert.Equal((6.0, "watts", $"{Chip}/energy1_input"), (reading!.Value, reading.Unit, reading.Source));
    }

    [Fact]
    public void A_counter_that_begins_anew_says_nothing_for_one_snapshot_and_nobody_is_told()
    {
        _reader.Read();
        Next(6_000_000);
        var snapshot = Next(1000);
        Assert.DoesNotContain(snapshot.Readings, reading => reading.Name == Name);
        Assert.Empty(snapshot.Events);
        snapshot = Next(1000 + 500_000);
        Assert.Equal(1, snapshot.Good(Name)!.Value);
        Assert.Empty(snapshot.Events);
    }

    [Theory]
    [InlineData("power1_input")]
    [InlineData("power1_average")]
    public void A_chip_that_gives_power_itself_has_one_reading_of_it(string file)
    {
        _board.Write($"{Chip}/{file}", "4000000");
        _reader.Read();
        Assert.Equal(4, Next(9_000_000).Good("i915_power1_power")!.Value);
        Assert.DoesNotContain(_reader.Read().Readings, reading => reading.Name == Name);
    }

    [Fact]
    public void A_graphics_card_that_sleeps_is_not_frozen_and_a_rail_that_stands_still_is()
    {
        _board.Write("sys/class/hwmon/hwmon8/name", "ina228");
        _board.Write("sys/class/hwmon/hwmon8/energy1_label", "VIN");
        _board.Write("sys/class/hwmon/hwmon8/energy1_input", "77");
        _reader.Read();
        var snapshot = _board.ReadAfter(_reader, EnergyCounter.FrozenReads);
        Assert.Equal(0, snapshot.Good(Name)!.Value);
        Assert.Equal(ReadingState.Frozen, snapshot.Readings.Single(r => r.Name == "ina228_vin_power").State);
        Assert.Equal(ReadingState.Frozen, snapshot.Readings.Single(r => r.Name == "board_power").State);
    }

    [Fact]
    public void A_counter_keeps_its_last_value_when_devices_are_looked_for_anew()
    {
        _reader.Read();
        _board.Write($"{Chip}/energy1_input", "45000000");
        _board.Pass(time: TimeSpan.FromSeconds(40));
        Assert.Equal(1, _reader.Read().Good(Name)!.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("many")]
    [InlineData("99999999999999999999")]
    public void An_energy_that_is_no_number_has_failed(string text)
    {
        _reader.Read();
        Next(6_000_000);
        _board.Write($"{Chip}/energy1_input", text);
        Assert.Equal(ReadingState.Failed, _board.ReadAfter(_reader, 1).Readings.Single(r => r.Name == Name).State);
    }

    [Fact]
    public void The_ends_of_the_numbers_do_not_overflow()
    {
        Assert.Equal(long.MinValue / -1e6, EnergyCounter.Joules(long.MinValue, 0, 0), 1);
        Assert.True(EnergyCounter.Joules(long.MaxValue, long.MinValue, 0) < 0);
    }

    private SensorSnapshot Next(long microjoules)
    {
        _board.Write($"{Chip}/energy1_input", microjoules.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return _board.ReadAfter(_reader, 1);
    }
}
