namespace EdgeAgent.Sensors;

/// <summary>Temperatures of the kernel's thermal zones, each with the trip point that limits it.</summary>
/// <remarks>Linux Documentation/driver-api/thermal/sysfs-api.rst: `temp` and `trip_point_*_temp` in thousandths of a
/// degree.</remarks>
internal sealed class ThermalZones : ISensorSource
{
    public const int MaxZones = 64;

    /// <summary>A Raspberry Pi's firmware throttles CPU and GPU at 85 °C, long before its zone's own trip (110
    /// °C).</summary>
    public const double RaspberryPiLimitCelsius = 85;

    /// <summary>Raw values up to this are degrees that somebody reports as thousandths: no SoC rests at 0.15
    /// °C.</summary>
    public const long LargestDegreesRaw = 150;

    private const int MaxTrips = 16;
    private const string Folder = "sys/class/thermal";

    // What lies on the die. A zone of a Wi-Fi card, a battery or the board says nothing about throttling.
    private static readonly string[] s_dieWords =
        ["cpu", "gpu", "soc", "tj", "pkg", "package", "core", "cluster", "pll", "aux", "ao-therm", "mcpu", "bcpu",
            "bcm2835"];

    private readonly List<Zone> _zones = [];

    public string Name => "thermal";

    public static bool IsOnDie(string type) =>
        s_dieWords.Any(word => type.Contains(word, StringComparison.OrdinalIgnoreCase))
        || (type.StartsWith("cv", StringComparison.OrdinalIgnoreCase) && type.Length > 2 && char.IsAsciiDigit(type[2]));

    public void Scan(BoardFiles board)
    {
        _zones.Clear();
        var names = new SensorNames();
        var isRaspberryPi = RaspberryPiFirmware.IsRaspberryPi(board);
        foreach (var zone in board.Names(Folder, "thermal_zone", MaxZones))
        {
            var folder = $"{Folder}/{zone}";
            var type = board.Text($"{folder}/type") ?? zone;
            // Tegra's PMIC zone is a fixed 100 °C, a placeholder and not a sensor.
            if (type.StartsWith("PMIC", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }
            var isOnDie = IsOnDie(type);
            var limit = LowestTrip(board, folder);
            if (isRaspberryPi && isOnDie)
            {
                limit = Math.Min(limit ?? RaspberryPiLimitCelsius, RaspberryPiLimitCelsius);
            }
            _zones.Add(new Zone(
                names.Unique($"zone_{TextNumbers.Snake(type)}_temperature"), board.File($"{folder}/temp"),
                board.File(folder), limit, isOnDie ? ReadingRoles.SocTemperature : ReadingRoles.None));
        }
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        foreach (var zone in _zones)
        {
            var state = board.Read(zone.Temperature, out var bytes);
            if (state != FileState.Read || !TextNumbers.TryInteger(bytes, out var raw))
            {
                readings.AddUnread(state, zone.Name, "celsius", zone.Folder, zone.Limit, zone.Roles);
                continue;
            }
            var isDegrees = raw is > 0 and <= LargestDegreesRaw && zone.Roles != ReadingRoles.None;
            readings.Add(
                zone.Name, raw / 1000.0, "celsius", zone.Folder, zone.Limit, zone.Roles,
                zone.Roles != ReadingRoles.None,
                isDegrees ? ReadingState.Absurd : ReadingState.Good);
        }
    }

    /// <summary>The lowest trip at which somebody slows down or switches off; a fan's trip (active) is no
    /// limit.</summary>
    private static double? LowestTrip(BoardFiles board, string folder)
    {
        double? lowest = null;
        for (var i = 0; i < MaxTrips && board.Text($"{folder}/trip_point_{i}_type") is { } type; i++)
        {
            // Unset trips stand at 0, -274 or far above what silicon bears.
            if (type is "passive" or "hot" or "critical"
                && board.Number($"{folder}/trip_point_{i}_temp") is > 45_000 and < 130_000 and var trip)
            {
                lowest = Math.Min(lowest ?? double.MaxValue, trip / 1000.0);
            }
        }
        return lowest;
    }

    /// <summary>One thermal zone.</summary>
    private sealed record Zone(string Name, BoardFile Temperature, BoardFile Folder, double? Limit, ReadingRoles Roles);
}
