namespace EdgeAgent.Sensors;

/// <summary>A Raspberry Pi's own word on its supply and its throttling.</summary>
/// <remarks>raspberrypi/linux drivers/firmware/raspberrypi.c prints the flags in hexadecimal without `0x`; the kernel
/// asks the
/// firmware every 2 s (drivers/hwmon/raspberrypi-hwmon.c), so they are up to 2 s old. Bits: 0 under-voltage, 1 clock
/// capped, 2 throttled, 3 soft temperature limit; 16 to 19 the same since the last question.</remarks>
internal sealed class RaspberryPiFirmware : ISensorSource
{
    private const uint UnderVoltageNow = 1;
    private const uint SlowedNow = 0b1110;
    private const int MaxMonitors = 64;

    private BoardFile? _flags;
    private BoardFile? _alarm;

    public string Name => "raspberry_pi";

    public static bool IsRaspberryPi(BoardFiles board) =>
        (board.Text("sys/firmware/devicetree/base/model") ?? board.Text("proc/device-tree/model"))
            ?.StartsWith("Raspberry Pi", StringComparison.Ordinal) == true;

    public void Scan(BoardFiles board)
    {
        _flags = _alarm = null;
        foreach (var monitor in board.Names("sys/class/hwmon", "hwmon", MaxMonitors))
        {
            var folder = $"sys/class/hwmon/{monitor}";
            if (board.Text($"{folder}/name") == "rpi_volt")
            {
                _alarm = board.File($"{folder}/in0_lcrit_alarm");
                break;
            }
        }
        var soc = board.Names("sys/devices/platform", "soc", 4).Select(name => $"sys/devices/platform/{name}");
        // soc/soc:firmware, and soc@107c000000/soc@107c000000:firmware since the device tree follows the naming rules.
        var flags = soc
            .SelectMany(folder => board.Names(folder, "soc", 64).Select(name => $"{folder}/{name}"))
            .Where(folder => folder.EndsWith(":firmware", StringComparison.Ordinal))
            .Select(folder => $"{folder}/get_throttled")
            .FirstOrDefault(board.Exists);
        _flags = flags is null ? null : board.File(flags);
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        if (_flags is not null)
        {
            var state = board.Read(_flags, out var bytes);
            if (state == FileState.Read && TextNumbers.TryHexadecimal(bytes, out var flags))
            {
                var isSlowed = (flags & SlowedNow) != 0 ? 1 : 0;
                var isUnder = flags & UnderVoltageNow;
                readings.Add("firmware_throttled", isSlowed, "count", _flags, roles: ReadingRoles.Throttled);
                readings.Add("firmware_under_voltage", isUnder, "count", _flags, roles: ReadingRoles.UnderVoltage);
                readings.Add("firmware_flags", flags, "count", _flags);
            }
            else
            {
                readings.AddUnread(state, "firmware_throttled", "count", _flags, roles: ReadingRoles.Throttled);
            }
        }
        if (_alarm is not null)
        {
            readings.AddNumber(board, _alarm, "rpi_volt_under_voltage", "count", 1, roles: ReadingRoles.UnderVoltage);
        }
    }
}
