namespace EdgeAgent.Sensors;

/// <summary>Charge, voltage and power of the first battery, and whether the board runs on it.</summary>
/// <remarks>Linux Documentation/ABI/testing/sysfs-class-power: percent, microvolts, microamperes, microwatts.</remarks>
internal sealed class Batteries : ISensorSource
{
    public const int MaxSupplies = 32;

    private const string Folder = "sys/class/power_supply";

    private string? _folder;
    private BoardFile? _charge;
    private BoardFile? _status;
    private BoardFile? _voltage;
    private BoardFile? _current;
    private BoardFile? _power;

    public string Name => "battery";

    public void Scan(BoardFiles board)
    {
        // A mouse or a pen has a battery too, of scope Device.
        _folder = board.Names(Folder, "", MaxSupplies).Select(supply => $"{Folder}/{supply}").FirstOrDefault(folder =>
            board.Text($"{folder}/type") == "Battery" && board.Text($"{folder}/scope") != "Device");
        _charge = Find(board, "capacity");
        _status = Find(board, "status");
        _voltage = Find(board, "voltage_now");
        _current = Find(board, "current_now");
        _power = Find(board, "power_now");
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        if (_charge is not null)
        {
            readings.AddNumber(board, _charge, "battery_charge", "ratio", 100);
        }
        var isDischarging = _status is not null && board.Read(_status, out var bytes) == FileState.Read
            && TextNumbers.FirstWord(bytes).SequenceEqual("Discharging"u8);
        if (_status is not null)
        {
            readings.Add("on_battery", isDischarging ? 1 : 0, "count", _status);
        }
        var volts = _voltage is null ? double.NaN : readings.AddNumber(board, _voltage, "battery_voltage", "volts",
            1e6);
        if (_power is not null)
        {
            readings.AddNumber(board, _power, "battery_power", "watts", 1e6);
        }
        else if (_current is not null && board.Read(_current, out bytes) == FileState.Read
            && TextNumbers.TryInteger(bytes, out var microamperes) && !double.IsNaN(volts))
        {
            // Drivers disagree on the sign of a discharge; `on_battery` tells the direction.
            readings.Add("battery_power", volts * Math.Abs(microamperes / 1e6), "watts", _current);
        }
    }

    private BoardFile? Find(BoardFiles board, string name) =>
        _folder is not null && board.Exists($"{_folder}/{name}") ? board.File($"{_folder}/{name}") : null;
}
