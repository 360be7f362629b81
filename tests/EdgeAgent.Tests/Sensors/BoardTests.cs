using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>What each board's folder says, source by source.</summary>
public sealed class BoardTests
{
    private const double Exact = 1e-6;

    public static TheoryData<string, string, double, string, double> Readings { get; } = new()
    {
        // board, reading, value, unit, limit (0: none)
        { "raspberry-pi-4", "soc_temperature", 48.686, "celsius", 85 },
        { "raspberry-pi-4", "zone_cpu_thermal_temperature", 48.686, "celsius", 85 },
        { "raspberry-pi-4", "throttled", 0, "count", 0 },
        { "raspberry-pi-4", "under_voltage", 0, "count", 0 },
        { "raspberry-pi-4", "rpi_volt_under_voltage", 0, "count", 0 },
        { "raspberry-pi-4", "cpu_clock", 1.8e9, "hertz", 1.8e9 },
        { "raspberry-pi-4", "memory_available", 3211044 * 1024.0, "bytes", 0 },
        { "raspberry-pi-4", "memory_total", 3884276 * 1024.0, "bytes", 0 },
        { "raspberry-pi-5", "soc_temperature", 51.25, "celsius", 85 },
        { "raspberry-pi-5", "fan", 2963, "rpm", 0 },
        { "raspberry-pi-5", "rp1_adc_in1_voltage", 1.468, "volts", 0 },
        { "raspberry-pi-5", "rp1_adc_temp1_temperature", 55.472, "celsius", 0 },
        { "raspberry-pi-5", "cpu_clock", 1.5e9, "hertz", 2.4e9 },
        { "raspberry-pi-5", "cpu_pressure", 0.005, "ratio", 0 },
        { "raspberry-pi-5", "io_pressure", 0.0125, "ratio", 0 },
        { "raspberry-pi-5", "cgroup_cpu_limit", 2, "count", 0 },
        { "raspberry-pi-5", "cgroup_memory_used", 419430400 - 52428800, "bytes", 1073741824 },
        { "raspberry-pi-5", "memory_available", 1073741824 - 419430400 + 52428800, "bytes", 0 },
        { "jetson-orin-nano", "soc_temperature", 47.5, "celsius", 99 },
        { "jetson-orin-nano", "board_power", 4.984 * 1.04, "watts", 0 },
        { "jetson-orin-nano", "soc_power", (4.976 * 0.168) + (4.976 * 0.304), "watts", 0 },
        { "jetson-orin-nano", "ina3221_vdd_in_voltage", 4.984, "volts", 0 },
        { "jetson-orin-nano", "ina3221_vdd_in_current", 1.04, "amperes", 32.76 },
        { "jetson-orin-nano", "gpu_load", 0.125, "ratio", 1 },
        { "jetson-orin-nano", "gpu_clock", 306e6, "hertz", 624.75e6 },
        { "jetson-orin-nano", "memory_clock", 2133e6, "hertz", 0 },
        { "jetson-orin-nano", "power_mode", 1, "count", 0 },
        { "jetson-orin-nano", "fan", 1643, "rpm", 0 },
        { "jetson-orin-nano", "throttled", 0, "count", 0 },
        { "jetson-xavier-nx", "soc_temperature", 43, "celsius", 95.5 },
        { "jetson-xavier-nx", "board_power", 4.896 * 0.872, "watts", 0 },
        { "jetson-xavier-nx", "power_mode", 8, "count", 0 },
        { "jetson-xavier-nx", "cgroup_cpu_limit", 3, "count", 0 },
        { "jetson-xavier-nx", "cgroup_memory_available", 2147483648 - 524288000 + 104857600, "bytes", 0 },
        { "jetson-agx-orin", "soc_temperature", 47.406, "celsius", 99 },
        { "jetson-agx-orin", "board_power", (19.824 * 0.16) + (19.824 * 0.04) + (5.032 * 0.64), "watts", 0 },
        { "jetson-agx-orin", "ina3221_vddq_vdd2_1v8ao_power", 5.016 * 0.168, "watts", 0 },
        { "jetson-agx-orin", "gpu_load", 0.99, "ratio", 1 },
        { "jetson-agx-orin", "cpu_clock", 2.2016e9, "hertz", 2.2016e9 },
        { "plain-pc", "soc_temperature", 46, "celsius", 0 },
        { "plain-pc", "coretemp_package_id_0_temperature", 46, "celsius", 100 },
        { "plain-pc", "nvme_composite_temperature", 38.85, "celsius", 83.85 },
        { "plain-pc", "nvme_sensor_1_temperature", 38.85, "celsius", 0 },
        { "plain-pc", "battery_charge", 0.98, "ratio", 0 },
        { "plain-pc", "battery_power", 4.83, "watts", 0 },
        { "plain-pc", "on_battery", 1, "count", 0 },
        { "plain-pc", "thermal_pressure", 0.25, "ratio", 0 },
        { "plain-pc", "throttled", 0, "count", 0 },
    };

    public static TheoryData<string, string> Absences { get; } = new()
    {
        { "raspberry-pi-4", "board_power" },
        { "raspberry-pi-4", "fan" },
        { "raspberry-pi-4", "memory_pressure" },
        { "raspberry-pi-4", "gpu_load" },
        { "raspberry-pi-5", "board_power" },
        { "jetson-orin-nano", "ina3221_in4_voltage" },
        { "jetson-orin-nano", "battery_charge" },
        { "jetson-xavier-nx", "zone_pmic_die_temperature" },
        { "jetson-agx-orin", "ina3221_nc_voltage" },
        { "plain-pc", "acpitz_temp1_temperature" },
        { "plain-pc", "under_voltage" },
    };

    [Theory]
    [MemberData(nameof(Readings))]
    public void A_board_shows_its_sensors_in_plain_units(string board, string name, double value, string unit,
        double limit)
    {
        using var folder = new BoardFolder(board);
        using var reader = folder.Reader();
        var reading = reader.Read().Good(name);
        Assert.NotNull(reading);
        Assert.Equal(value, reading.Value, Math.Abs(value) * Exact + Exact);
        Assert.Equal(unit, reading.Unit);
        Assert.Equal(limit, reading.Limit ?? 0, Exact);
    }

    [Theory]
    [MemberData(nameof(Absences))]
    public void What_a_board_does_not_have_is_absent_and_no_failure(string board, string name)
    {
        using var folder = new BoardFolder(board);
        using var reader = folder.Reader();
        var snapshot = reader.Read();
        Assert.DoesNotContain(snapshot.Readings, reading => reading.Name == name);
        Assert.Empty(snapshot.Events);
    }

    [Theory]
    [InlineData("raspberry-pi-4")]
    [InlineData("raspberry-pi-5")]
    [InlineData("jetson-orin-nano")]
    [InlineData("jetson-xavier-nx")]
    [InlineData("jetson-agx-orin")]
    [InlineData("plain-pc")]
    public void A_healthy_board_has_only_good_readings_under_names_of_their_own(string board)
    {
        using var folder = new BoardFolder(board);
        using var reader = folder.Reader();
        var snapshot = reader.Read();
        Assert.All(snapshot.Readings, reading => Assert.Equal(ReadingState.Good, reading.State));
        Assert.All(snapshot.Readings, reading => Assert.Matches("^[a-z][a-z0-9_]*$", reading.Name));
        Assert.Equal(snapshot.Readings.Count, snapshot.Readings.Select(reading => reading.Name).Distinct().Count());
        Assert.True(File.Exists(Path.Combine(folder.Root, "SOURCES.md")));
    }

    [Fact]
    public void The_hottest_zone_of_the_die_is_the_temperature_and_a_network_card_is_not()
    {
        using var folder = new BoardFolder("jetson-xavier-nx");
        using var reader = folder.Reader();
        folder.Heat(71, zone: 2);
        folder.Heat(88, zone: 6);
        var reading = reader.Read().Good("soc_temperature");
        Assert.Equal(71, reading!.Value);
        Assert.Equal("sys/class/thermal/thermal_zone2", reading.Source);
    }

    [Fact]
    public void Load_is_what_happened_between_two_snapshots()
    {
        using var folder = new BoardFolder("raspberry-pi-4");
        using var reader = folder.Reader();
        Assert.Null(reader.Read().Good("cpu_load"));
        folder.ReadAfter(reader, 1, load: 0.2);
        Assert.Equal(0.75, folder.ReadAfter(reader, 1, load: 0.75).Good("cpu_load")!.Value, Exact);
    }

    [Fact]
    public void Energy_becomes_watts_also_where_its_counter_wraps()
    {
        using var folder = new BoardFolder("plain-pc");
        using var reader = folder.Reader();
        reader.Read();
        folder.Write("sys/class/powercap/intel-rapl:0/energy_uj", (240422366267 + 6_000_000).ToString(null, null));
        folder.Write("sys/class/powercap/intel-rapl:1/energy_uj", (262143000000 + 5_000_000 - 262143328850)
            .ToString(null, null));
        folder.Pass();
        var snapshot = reader.Read();
        Assert.Equal(12, snapshot.Good("rapl_package_0_power")!.Value, Exact);
        Assert.Equal(28, snapshot.Good("rapl_package_0_power")!.Limit);
        Assert.Equal(10, snapshot.Good("board_power")!.Value, Exact);
        Assert.Equal(12, snapshot.Good("soc_power")!.Value, Exact);
    }

    [Theory]
    [InlineData("50005", 1, 1)]
    [InlineData("50000", 0, 0)]
    [InlineData("0x8", 1, 0)]
    [InlineData("f0000", 0, 0)]
    [InlineData("1", 0, 1)]
    public void The_firmware_of_a_raspberry_pi_tells_throttling_and_under_voltage(string flags, int throttled,
        int underVoltage)
    {
        using var folder = new BoardFolder("raspberry-pi-4");
        using var reader = folder.Reader();
        folder.Write("sys/devices/platform/soc/soc:firmware/get_throttled", flags);
        var snapshot = reader.Read();
        Assert.Equal(throttled, snapshot.Good("throttled")!.Value);
        Assert.Equal(underVoltage, snapshot.Good("under_voltage")!.Value);
    }

    [Fact]
    public void The_firmware_is_also_found_where_newer_kernels_put_it()
    {
        using var folder = new BoardFolder("raspberry-pi-5");
        folder.Kill("sys/devices/platform/soc");
        folder.Write("sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled", "2");
        using var reader = folder.Reader();
        Assert.Equal(1, reader.Read().Good("throttled")!.Value);
    }

    [Fact]
    public void A_kernel_that_cools_the_processor_is_throttling_and_a_fan_is_not()
    {
        using var folder = new BoardFolder("jetson-orin-nano");
        using var reader = folder.Reader();
        folder.Write("sys/class/thermal/cooling_device0/cur_state", "4");
        Assert.Equal(0, reader.Read().Good("throttled")!.Value);
        folder.Write("sys/class/thermal/cooling_device1/cur_state", "3");
        folder.Pass();
        Assert.Equal(1, reader.Read().Good("throttled")!.Value);
    }

    [Fact]
    public void The_share_of_throttled_periods_is_that_since_the_last_snapshot()
    {
        using var folder = new BoardFolder("raspberry-pi-5");
        using var reader = folder.Reader();
        reader.Read();
        folder.Write(
            "sys/fs/cgroup/system.slice/edge-agent.service/cpu.stat",
            "usage_usec 1\nnr_periods 110\nnr_throttled 15\nthrottled_usec 9");
        folder.Pass();
        Assert.Equal(0.5, reader.Read().Good("cgroup_cpu_throttled")!.Value, Exact);
    }
}
