using System.Text;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>The power of a Raspberry Pi 5 out of its firmware's answers, which the test gives.</summary>
public sealed class PowerChipTests : IDisposable
{
    private const string Device = "dev/vcio_gencmd";
    private const double Exact = 1e-7;

    /// <summary>Snapshots until the firmware is asked again.</summary>
    private const int Rounds = 2;

    private readonly BoardFolder _board = new("raspberry-pi-5");
    private readonly List<string> _asked = [];
    private readonly HashSet<string> _denied = [];
    private readonly SensorReader _reader;
    private MailboxState _state = MailboxState.Answered;
    private string _answer = PowerRailsTests.Published("busy");

    public PowerChipTests()
    {
        _board.Write(Device, "");
        var options = new SensorOptions { Root = _board.Root, Budget = TimeSpan.FromSeconds(30) };
        _reader = new SensorReader(options, _board.Clock, [new PowerChip(Ask)]);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _board.Dispose();
    }

    // Sums and products: awk over the published lines.
    [Theory]
    [InlineData("busy", "board_power", 10.79989445)]
    [InlineData("busy", "pmic_vdd_core_power", 9.76143255)]
    [InlineData("busy", "pmic_3v7_wl_sw_power", 0)]
    [InlineData("light", "board_power", 3.50704988)]
    [InlineData("light", "pmic_vdd_core_power", 1.37070643)]
    [InlineData("light", "pmic_3v7_wl_sw_power", 0.43990697)]
    public void The_rails_together_are_the_power_of_the_board(string answer, string name, double watts)
    {
        _answer = PowerRailsTests.Published(answer);
        var reading = _reader.Read().Good(name);
        Assert.NotNull(reading);
        Assert.Equal(watts, reading.Value, Exact);
        Assert.Equal(("watts", Device), (reading.Unit, reading.Source));
        Assert.Equal(Path.Combine(_board.Root, Device), Assert.Single(_asked));
    }

    [Fact]
    public void The_inputs_of_supply_and_clock_battery_are_voltages_and_no_power()
    {
        var snapshot = _reader.Read();
        Assert.Equal((5.06788, "volts"), Value(snapshot, "pmic_ext5v_voltage"));
        Assert.Equal((3.011108, "volts"), Value(snapshot, "pmic_batt_voltage"));
        // The board's power, twelve rails, two voltages.
        Assert.Equal(15, snapshot.Readings.Count);
        Assert.DoesNotContain(snapshot.Readings, reading => reading.Name == "pmic_ext5v_power");
    }

    [Fact]
    public void A_current_without_its_voltage_fails_and_so_does_the_sum()
    {
        _answer = Without("HDMI_V");
        var snapshot = _reader.Read();
        Assert.Equal(ReadingState.Failed, State(snapshot, "pmic_hdmi_power"));
        Assert.Equal(ReadingState.Failed, State(snapshot, "board_power"));
        Assert.NotNull(snapshot.Good("pmic_vdd_core_power"));
    }

    [Fact]
    public void A_rail_that_loses_its_current_makes_the_sum_fail()
    {
        _reader.Read();
        _answer = Without("HDMI_A");
        var snapshot = _board.ReadAfter(_reader, Rounds);
        Assert.Equal(ReadingState.Failed, State(snapshot, "board_power"));
        Assert.NotNull(snapshot.Good("pmic_hdmi_voltage"));
        Assert.Contains(snapshot.Events, told => told is { Kind: SensorEventKind.Gone, Name: "pmic_hdmi_power" });
    }

    [Fact]
    public void An_answer_that_is_none_makes_every_rail_fail_once()
    {
        _reader.Read();
        _answer = "error=1 error_msg=\"Command not registered\"";
        var snapshot = _board.ReadAfter(_reader, Rounds);
        Assert.All(snapshot.Readings, reading => Assert.Equal(ReadingState.Failed, reading.State));
        Assert.Equal(15, snapshot.Readings.Count);
        Assert.Empty(_board.ReadAfter(_reader, 5).Events);
        _answer = PowerRailsTests.Published("light");
        Assert.Equal(3.50704988, _board.ReadAfter(_reader, Rounds).Good("board_power")!.Value, Exact);
    }

    [Fact]
    public void A_call_that_fails_makes_the_power_of_the_board_unknown()
    {
        _reader.Read();
        _state = MailboxState.Failed;
        Assert.Equal(ReadingState.Failed, State(_board.ReadAfter(_reader, Rounds), "board_power"));
    }

    [Fact]
    public void A_device_that_may_not_be_opened_is_told_once_with_what_to_do()
    {
        _denied.Add(Device);
        var snapshot = _reader.Read();
        var told = Assert.Single(snapshot.Events);
        Assert.Equal((SensorEventKind.Lost, "pmic_power"), (told.Kind, told.Name));
        Assert.Contains("dev/vcio_gencmd cannot be read", told.Detail, StringComparison.Ordinal);
        Assert.Contains("group video", told.Detail, StringComparison.Ordinal);
        Assert.Contains("docs/OPERATIONS.md", told.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(snapshot.Readings, reading => reading.Name == "board_power");
        Assert.Empty(_board.ReadAfter(_reader, 20).Events);
    }

    [Fact]
    public void The_device_for_every_tag_is_asked_where_the_narrow_one_is_closed_or_missing()
    {
        _board.Write("dev/vcio", "");
        _denied.Add(Device);
        Assert.Equal("dev/vcio", _reader.Read().Good("board_power")!.Source);
        _board.Kill(Device);
        _denied.Clear();
        _asked.Clear();
        // Devices are looked for anew after half a minute.
        _board.Pass(time: TimeSpan.FromSeconds(31));
        Assert.Equal("dev/vcio", _reader.Read().Good("board_power")!.Source);
        Assert.Equal(Path.Combine(_board.Root, "dev/vcio"), Assert.Single(_asked));
    }

    [Theory]
    [InlineData("Raspberry Pi 4 Model B Rev 1.4", false)]
    [InlineData("Raspberry Pi Compute Module 4 Rev 1.0", false)]
    [InlineData("NVIDIA Jetson Orin Nano Developer Kit", false)]
    [InlineData("Raspberry Pi 500 Rev 1.0", true)]
    [InlineData("Raspberry Pi Compute Module 5 Rev 1.0", true)]
    public void Only_a_board_that_has_the_chip_is_asked(string model, bool isAsked)
    {
        _board.Write("sys/firmware/devicetree/base/model", model + "\0");
        var snapshot = _reader.Read();
        Assert.Equal(isAsked, _asked.Count > 0);
        Assert.Equal(isAsked, snapshot.Good("board_power") is not null);
        Assert.Empty(snapshot.Events);
    }

    [Fact]
    public void Without_a_device_there_is_nothing_to_ask_and_nothing_to_tell()
    {
        _board.Kill(Device);
        var snapshot = _reader.Read();
        Assert.Empty(snapshot.Readings);
        Assert.Empty(snapshot.Events);
        Assert.Empty(_asked);
    }

    [Fact]
    public void A_processor_rail_that_stands_still_while_the_load_moves_is_frozen()
    {
        using var reader = new SensorReader(
            new SensorOptions { Root = _board.Root, Budget = TimeSpan.FromSeconds(30) }, _board.Clock,
            [new CpuLoad(), new PowerChip(Ask)]);
        reader.Read();
        _board.ReadAfter(reader, 140, load: 0.9);
        var snapshot = _board.ReadAfter(reader, 140, load: 0.1);
        Assert.Equal(ReadingState.Frozen, State(snapshot, "pmic_vdd_core_power"));
        Assert.Equal(ReadingState.Good, State(snapshot, "pmic_3v3_dac_power"));
        Assert.Null(snapshot.Good("board_power"));
    }

    [Fact]
    public void The_firmware_is_asked_once_a_second_and_a_reading_is_as_old_as_its_answer()
    {
        _reader.Read();
        for (var i = 1; i <= 40; i++)
        {
            _board.Pass(time: TimeSpan.FromMilliseconds(250));
            var reading = _reader.Read().Good("board_power")!;
            Assert.Equal(i / 4 + 1, _asked.Count);
            Assert.Equal(250 * (i % 4), _board.Clock.GetElapsedTime(reading.TakenAt).TotalMilliseconds);
            Assert.Equal(10.79989445, reading.Value, Exact);
        }
    }

    [Fact]
    public void An_answer_of_the_firmware_a_second_is_enough_for_the_energy_of_a_request()
    {
        var meter = new EnergyMeter(_board.Clock);
        _answer = PowerRailsTests.Published("light");
        Observe(20);
        var account = meter.Begin();
        _answer = PowerRailsTests.Published("busy");
        Observe(20);
        var use = meter.End(account, tokens: 1)!.Value;
        Assert.Equal(20 * 10.79989445, use.Joules, 1e-4);
        Assert.Equal(20 * (10.79989445 - 3.50704988), use.JoulesAboveIdle!.Value, 1e-4);

        void Observe(int seconds)
        {
            for (var i = 0; i < 4 * seconds; i++)
            {
                _board.Pass(time: TimeSpan.FromMilliseconds(250));
                meter.Observe(_reader.Read());
            }
        }
    }

    private static ReadingState State(SensorSnapshot snapshot, string name) =>
        Assert.Single(snapshot.Readings, reading => reading.Name == name).State;

    private static (double Value, string Unit) Value(SensorSnapshot snapshot, string name) =>
        snapshot.Good(name) is { } reading ? (reading.Value, reading.Unit) : default;

    private static string Without(string name) => string.Join('\n', PowerRailsTests.Published("busy").Split('\n')
        .Where(line => !line.Contains(name, StringComparison.Ordinal)));

    private MailboxState Ask(string device, byte[] message)
    {
        _asked.Add(device);
        if (_denied.Contains(Path.GetRelativePath(_board.Root, device)))
        {
            return MailboxState.Denied;
        }
        Assert.Equal("pmic_read_adc\0", Encoding.ASCII.GetString(message, 24, 14));
        if (_state == MailboxState.Answered)
        {
            FirmwareMailboxTests.Answer(_answer).CopyTo(message, 0);
        }
        return _state;
    }
}
