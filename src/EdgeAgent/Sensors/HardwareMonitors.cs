using System.Globalization;
using System.Text.RegularExpressions;

namespace EdgeAgent.Sensors;

/// <summary>Temperatures, fans, voltages, currents, powers and energies of hwmon chips, INA3221 rails of Jetsons among
/// them.</summary>
/// <remarks>Linux Documentation/hwmon/sysfs-interface.rst: thousandths of °C, V and A, millionths of W and J, turns
/// per minute. An energy is read as the power since the round before, where the chip gives no power of that
/// number.</remarks>
internal sealed partial class HardwareMonitors : ISensorSource
{
    public const int MaxMonitors = 64;

    private const string Folder = "sys/class/hwmon";

    // NVIDIA's developer guide, INA3221 rails: the input of Nano, NX, Orin Nano and Orin NX modules; VIN is Thor's
    // INA238.
    private static readonly string[] s_inputRails = ["VDD_IN", "POM_5V_IN", "VIN"];

    // Modules without an input rail: AGX Orin (VIN_SYS_5V0 includes VDDQ_VDD2_1V8AO), AGX Xavier.
    private static readonly string[] s_partRails =
        ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"];

    private static readonly string[] s_socRails =
        ["VDD_CPU_GPU_CV", "VDD_SOC", "VDD_GPU_SOC", "VDD_CPU_CV", "POM_5V_GPU", "POM_5V_CPU", "GPU", "CPU", "SOC",
            "CV"];

    private static readonly string[] s_cpuChips =
        ["coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal", "bcm2835_thermal"];

    private readonly List<Channel> _channels = [];
    private double[] _values = [];

    public string Name => "hwmon";

    public void Scan(BoardFiles board)
    {
        var counters = _channels.Where(channel => channel.Energy is not null)
            .ToDictionary(channel => channel.File.Path, channel => channel.Energy!);
        _channels.Clear();
        var names = new SensorNames();
        // The thermal framework registers most zones as a chip too; ThermalZones has read those already.
        var zones = board.Names("sys/class/thermal", "thermal_zone", ThermalZones.MaxZones)
            .Select(zone => TextNumbers.Snake(board.Text($"sys/class/thermal/{zone}/type") ?? zone)).ToHashSet();
        foreach (var monitor in board.Names(Folder, "hwmon", MaxMonitors))
        {
            var folder = $"{Folder}/{monitor}";
            var chip = board.Text($"{folder}/name") ?? monitor;
            if (!zones.Contains(TextNumbers.Snake(chip)))
            {
                ScanChip(board, folder, chip, names);
                ScanEnergies(board, folder, chip, names, counters);
            }
        }
        _values = new double[_channels.Count];
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        for (var i = 0; i < _channels.Count; i++)
        {
            var channel = _channels[i];
            _values[i] = channel.Energy is not null ? AddEnergy(board, channel, readings)
                : channel.Volts < 0
                ? readings.AddNumber(
                    board, channel.File, channel.Name, channel.Unit, channel.Scale, channel.Limit, channel.Roles,
                    channel.MustMove)
                : AddProduct(channel, readings);
        }
    }

    // Where the chip gives volts and amperes and no watts (INA3221 of Linux and of NVIDIA).
    private double AddProduct(Channel channel, ReadingList readings)
    {
        var watts = _values[channel.Volts] * _values[channel.Amperes];
        readings.Add(
            channel.Name, watts, channel.Unit, channel.File, channel.Limit, channel.Roles, channel.MustMove,
            double.IsNaN(watts) ? ReadingState.Failed : ReadingState.Good);
        return watts;
    }

    private static double AddEnergy(BoardFiles board, Channel channel, ReadingList readings)
    {
        var state = board.Read(channel.File, out var bytes);
        if (state != FileState.Read || !TextNumbers.TryInteger(bytes, out var microjoules))
        {
            readings.AddUnread(state, channel.Name, channel.Unit, channel.File, channel.Limit, channel.Roles);
            return double.NaN;
        }
        // The interface names no range at which a counter would wrap.
        if (channel.Energy!.Watts(microjoules, range: 0, readings) is not { } watts)
        {
            readings.AddUnread(FileState.Asleep, channel.Name, channel.Unit, channel.File);
            return double.NaN;
        }
        var isFrozen = channel.MustMove && channel.Energy.IsFrozen;
        readings.Add(
            channel.Name, watts, channel.Unit, channel.File, channel.Limit, channel.Roles,
            state: isFrozen ? ReadingState.Frozen : ReadingState.Good);
        return watts;
    }

    private void ScanEnergies(
        BoardFiles board, string folder, string chip, SensorNames names, Dictionary<string, EnergyCounter> counters)
    {
        foreach (var file in board.Names(folder, "energy", BoardFiles.MaxEntries))
        {
            if (EnergyFile().Match(file) is not { Success: true } match
                || board.Exists($"{folder}/power{match.Groups[1].Value}_input")
                || board.Exists($"{folder}/power{match.Groups[1].Value}_average"))
            {
                continue;
            }
            var label = board.Text($"{folder}/energy{match.Groups[1].Value}_label") ?? $"energy{match.Groups[1].Value}";
            var (found, roles) = (board.File($"{folder}/{file}"), RolesOf(chip, label));
            _channels.Add(new Channel(
                names.Unique($"{TextNumbers.Snake($"{chip} {label}")}_power"), found, "watts", 1e6, null, roles,
                // A graphics card that sleeps uses nothing; the rails of a board never do.
                MustMove: roles != ReadingRoles.None)
            {
                Energy = counters.GetValueOrDefault(found.Path) ?? new EnergyCounter(),
            });
        }
    }

    private void ScanChip(BoardFiles board, string folder, string chip, SensorNames names)
    {
        var volts = new Dictionary<int, (int At, string Label)>();
        var amperes = new Dictionary<int, int>();
        var watts = new HashSet<int>();
        // NVIDIA's tachometer driver of Orin registers as pwm_tach and calls its only file rpm.
        if (chip == "pwm_tach" && board.Exists($"{folder}/rpm"))
        {
            _channels.Add(new Channel(
                names.Unique("pwm_tach_speed"), board.File($"{folder}/rpm"), "rpm", 1, null, ReadingRoles.Fan, false));
        }
        foreach (var file in board.Names(folder, "", BoardFiles.MaxEntries))
        {
            if (InputFile().Match(file) is not { Success: true } match
                || !int.TryParse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture, out var number))
            {
                continue;
            }
            var kind = match.Groups[1].Value;
            // An INA3221 names its rails at the voltages; inputs 4 to 7 are shunt voltages.
            var isRail = chip.StartsWith("ina3221", StringComparison.Ordinal);
            var label = board.Text($"{folder}/{kind}{number}_label")
                ?? (isRail ? board.Text($"{folder}/in{number}_label") : null) ?? $"{kind}{number}";
            if (label == "NC" || (isRail && number > 3))
            {
                continue;
            }
            var channel = Describe(board, folder, file, chip, label, kind, number, names);
            _channels.Add(channel);
            switch (kind)
            {
                case "in":
                    volts[number] = (_channels.Count - 1, label);
                    break;
                case "curr":
                    amperes[number] = _channels.Count - 1;
                    break;
                case "power":
                    watts.Add(number);
                    break;
            }
        }
        foreach (var (number, (at, label)) in volts)
        {
            if (watts.Contains(number) || !amperes.TryGetValue(number, out var amperesAt))
            {
                continue;
            }
            _channels.Add(new Channel(
                names.Unique($"{TextNumbers.Snake($"{chip} {label}")}_power"),
                board.File($"{folder}/curr{number}_input"), "watts", 1, null, RolesOf(chip, label), MustMove: true,
                at, amperesAt));
        }
    }

    private static Channel Describe(
        BoardFiles board, string folder, string file, string chip, string label, string kind, int number,
        SensorNames names)
    {
        var (quantity, unit, scale) = kind switch
        {
            "temp" => ("temperature", "celsius", 1e3),
            "fan" => ("speed", "rpm", 1.0),
            "in" => ("voltage", "volts", 1e3),
            "curr" => ("current", "amperes", 1e3),
            _ => ("power", "watts", 1e6),
        };
        var limit = kind switch
        {
            "temp" => Sensible(board.Number($"{folder}/temp{number}_max"))
                ?? Sensible(board.Number($"{folder}/temp{number}_crit")),
            "curr" => board.Number($"{folder}/curr{number}_max") ?? board.Number($"{folder}/curr{number}_crit"),
            "power" => board.Number($"{folder}/power{number}_max"),
            _ => null,
        };
        var isCpu = kind == "temp" && s_cpuChips.Contains(chip);
        var roles = kind switch
        {
            "power" when chip == "power_meter" => ReadingRoles.BoardPower,
            "power" => RolesOf(chip, label),
            "fan" => ReadingRoles.Fan,
            "temp" when isCpu => ReadingRoles.SocTemperature,
            _ => ReadingRoles.None,
        };
        return new Channel(
            names.Unique($"{TextNumbers.Snake($"{chip} {label}")}_{quantity}"),
            board.File($"{folder}/{file}"), unit, scale,
            limit / scale, roles, MustMove: isCpu);
    }

    private static ReadingRoles RolesOf(string chip, string label) => !chip.StartsWith("ina", StringComparison.Ordinal)
        ? ReadingRoles.None
        : (s_inputRails.Contains(label) ? ReadingRoles.BoardPower : ReadingRoles.None)
        | (s_partRails.Contains(label) ? ReadingRoles.BoardPowerPart : ReadingRoles.None)
        | (s_socRails.Contains(label) ? ReadingRoles.SocPowerPart : ReadingRoles.None);

    // Chips that know no limit report 0, -273.15 or 65261 degrees.
    private static long? Sensible(long? limit) => limit is > 45_000 and < 130_000 ? limit : null;

    [GeneratedRegex("^(temp|fan|in|curr|power)([0-9]{1,3})_(input|average)$")]
    private static partial Regex InputFile();

    [GeneratedRegex("^energy([0-9]{1,3})_input$")]
    private static partial Regex EnergyFile();

    /// <summary>One value of a chip: a file, or the product of two others.</summary>
    /// <param name="Volts">Index of the voltage that is multiplied, or -1 for a value of its own.</param>
    private sealed record Channel(
        string Name, BoardFile File, string Unit, double Scale, double? Limit, ReadingRoles Roles, bool MustMove,
        int Volts = -1, int Amperes = -1)
    {
        /// <summary>Where the file counts energy: what it counted before.</summary>
        public EnergyCounter? Energy { get; init; }
    }
}
