using System.Device.Gpio;
using System.Device.Gpio.Drivers;

namespace EdgeAgent.Sensors;

/// <summary>One digital input that the operator named: a trigger, an interlock.</summary>
/// <param name="Chip">Number of the gpiochip.</param>
/// <param name="Line">Number of the line on that chip.</param>
/// <param name="IsActiveLow">The input counts as 1 when the line is low.</param>
internal sealed record GpioInput(string Name, int Chip, int Line, bool IsActiveLow)
{
    /// <summary>Reads `NAME=CHIP:LINE` or `NAME=CHIP:LINE:low`; null where it is something else.</summary>
    public static GpioInput? TryParse(string text) =>
        text.Split('=', 2) is [{ Length: > 0 and <= 48 } name, var place] && name == TextNumbers.Snake(name)
        && place.Split(':') is [var chip, var line, .. var rest] && rest is [] or ["low"]
        && int.TryParse(chip, out var chipNumber) && int.TryParse(line, out var lineNumber)
        && chipNumber is >= 0 and < 64 && lineNumber is >= 0 and < 1024
            ? new GpioInput(name, chipNumber, lineNumber, rest.Length > 0) : null;
}

/// <summary>Digital inputs through libgpiod; touches the hardware only where inputs are configured.</summary>
/// <param name="open">Opens a chip; the default takes libgpiod, a test its own driver.</param>
internal sealed class GpioInputs(IReadOnlyList<GpioInput> inputs, Func<int, GpioController>? open = null)
    : ISensorSource, IDisposable
{
    /// <summary>Inputs of one board; a connector has 40 pins.</summary>
    public const int MaxInputs = 40;

    private readonly Dictionary<int, GpioController> _chips = [];

    public string Name => "gpio";

    public void Scan(BoardFiles board)
    {
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        foreach (var input in inputs.Take(MaxInputs))
        {
            var value = TryRead(input);
            readings.Add(new RawReading(
                input.Name, value ?? double.NaN, "count", null, $"gpiochip{input.Chip}/{input.Line}",
                value is null ? ReadingState.Failed : ReadingState.Good, ReadingRoles.None, MustMove: false));
        }
    }

    public void Dispose()
    {
        foreach (var chip in _chips.Values)
        {
            chip.Dispose();
        }
        _chips.Clear();
    }

    // The library throws a different exception for each way in which a chip, a line or libgpiod itself can be missing,
    // and
    // documents none of them: here one reading is the unit of work.
    private double? TryRead(GpioInput input)
    {
        try
        {
            if (!_chips.TryGetValue(input.Chip, out var chip))
            {
                _chips[input.Chip] = chip = open?.Invoke(input.Chip)
                    ?? new GpioController(new LibGpiodDriver(input.Chip));
            }
            if (!chip.IsPinOpen(input.Line))
            {
                chip.OpenPin(input.Line, PinMode.Input);
            }
            return (chip.Read(input.Line) == PinValue.High) != input.IsActiveLow ? 1 : 0;
        }
        catch (Exception)
        {
            return null;
        }
    }
}
