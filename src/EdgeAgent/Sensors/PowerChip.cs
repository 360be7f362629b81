namespace EdgeAgent.Sensors;

/// <summary>Power of a Raspberry Pi 5, rail by rail, as the firmware reads it from the power chip (PMIC).</summary>
/// <remarks>
/// The kernel has no file for this chip. The sum is what leaves the chip: neither its own losses, nor what hangs on the
/// 5 V rail beside it (USB, HAT, NVMe). A rail whose current has no voltage has failed, and the sum with it; a voltage
/// without a current, of the input and of the clock's battery, is a voltage. The firmware is busy for some 23 ms with
/// each question, so it is asked seldom, and the rounds between have the values and the age of the last answer.
/// </remarks>
/// <param name="ask">Asks the firmware; a test answers itself.</param>
/// <param name="pause">Between two questions; that of <see cref="SensorOptions"/> where none is given.</param>
internal sealed class PowerChip(MailboxCall? ask = null, TimeSpan? pause = null) : ISensorSource
{
    // ADCs of small rails give the same figure for hours; the processor's rail cannot.
    private const string MovingRail = "vdd_core";

    private const string Advice = "let the agent's account open it: group video; in the unit a drop-in "
        + "(docs/OPERATIONS.md, power of a Raspberry Pi 5)";

    private static readonly string[] s_models = ["Raspberry Pi 5", "Raspberry Pi Compute Module 5"];

    private readonly TimeSpan _pause = pause ?? new SensorOptions().FirmwarePause;
    private readonly MailboxCall _ask = ask ?? FirmwareMailbox.Ask;
    private readonly byte[] _message = new byte[FirmwareMailbox.MessageBytes];
    private readonly PowerRails _rails = new();
    private readonly List<RawReading> _kept = [];
    private IReadOnlyList<BoardFile> _devices = [];
    private long? _askedAt;

    public string Name => "pmic";

    public void Scan(BoardFiles board)
    {
        var model = board.Text("sys/firmware/devicetree/base/model") ?? board.Text("proc/device-tree/model");
        _devices = s_models.Any(known => model?.StartsWith(known, StringComparison.Ordinal) == true)
            ? FirmwareMailbox.Find(board) : [];
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        if (_devices.Count == 0)
        {
            return;
        }
        if (_askedAt is { } at && readings.SecondsSince(at) < _pause.TotalSeconds)
        {
            foreach (var kept in _kept)
            {
                readings.Add(kept);
            }
            return;
        }
        _askedAt = readings.TakenAt;
        AskAnew(readings);
        _kept.Clear();
        foreach (var reading in readings.Readings)
        {
            _kept.Add(reading with { TakenAt = readings.TakenAt });
        }
    }

    private void AskAnew(ReadingList readings)
    {
        var (device, state) = Ask();
        if (state == MailboxState.Answered
            && FirmwareMailbox.TryText(_message, out var text) && _rails.TryTake(text))
        {
            AddRails(device, readings);
        }
        else
        {
            AddUnread(device, readings, state);
        }
    }

    // A device that we may not open leaves the next one to try; then the first is the one to tell of.
    private (BoardFile Device, MailboxState State) Ask()
    {
        foreach (var device in _devices)
        {
            FirmwareMailbox.Write(_message, "pmic_read_adc"u8);
            var state = _ask(device.FullPath, _message);
            if (state != MailboxState.Denied)
            {
                return (device, state);
            }
        }
        return (_devices[0], MailboxState.Denied);
    }

    private void AddRails(BoardFile device, ReadingList readings)
    {
        foreach (var rail in _rails.Rails)
        {
            if (rail.HasCurrent)
            {
                var watts = rail.Amperes * rail.Volts;
                readings.Add(
                    rail.PowerName, watts, "watts", device, roles: ReadingRoles.BoardPowerPart,
                    mustMove: rail.Name == MovingRail,
                    state: double.IsNaN(watts) ? ReadingState.Failed : ReadingState.Good);
            }
            else
            {
                readings.Add(rail.VoltageName, rail.Volts, "volts", device);
            }
        }
    }

    private void AddUnread(BoardFile device, ReadingList readings, MailboxState state)
    {
        var file = state == MailboxState.Absent ? FileState.Absent : FileState.Failed;
        foreach (var rail in _rails.Rails)
        {
            readings.AddUnread(
                file, rail.HasCurrent ? rail.PowerName : rail.VoltageName, rail.HasCurrent ? "watts" : "volts", device,
                roles: rail.HasCurrent ? ReadingRoles.BoardPowerPart : ReadingRoles.None);
        }
        if (_rails.Rails.Count == 0)
        {
            // It never answered: one failed reading tells so, and the board's power is absent rather than lost.
            readings.Add(new RawReading(
                "pmic_power", double.NaN, "watts", null, device.Path, ReadingState.Failed, ReadingRoles.None,
                MustMove: false)
            {
                Advice = state == MailboxState.Denied ? Advice : null,
            });
        }
    }
}
