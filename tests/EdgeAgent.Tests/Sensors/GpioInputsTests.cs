using System.Device.Gpio;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>Digital inputs: the meaning of the level with a driver of the test's own, and what happens without
/// libgpiod.</summary>
public sealed class GpioInputsTests
{
    [Theory]
    [InlineData("interlock=0:17", "interlock", 0, 17, false)]
    [InlineData("trigger_2=1:4:low", "trigger_2", 1, 4, true)]
    public void An_input_is_written_as_name_chip_and_line(string text, string name, int chip, int line, bool isLow) =>
        Assert.Equal(new GpioInput(name, chip, line, isLow), GpioInput.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("interlock")]
    [InlineData("=0:1")]
    [InlineData("Interlock=0:1")]
    [InlineData("a=0")]
    [InlineData("a=0:-1")]
    [InlineData("a=0:1:high")]
    [InlineData("a=0:1:low:low")]
    [InlineData("a=9999:1")]
    public void Anything_else_is_no_input(string text) => Assert.Null(GpioInput.TryParse(text));

    [Fact]
    public void An_active_low_input_counts_as_one_when_its_line_is_low()
    {
        using var board = new BoardFolder("raspberry-pi-4");
        var driver = new LevelDriver { [17] = PinValue.Low, [4] = PinValue.High };
        using var source = new GpioInputs(
            [new GpioInput("interlock", 0, 17, true), new GpioInput("trigger", 0, 4, false)], _ =>
                new GpioController(driver));
        using var reader = new SensorReader(
            new SensorOptions { Root = board.Root, Budget = TimeSpan.FromSeconds(30) }, board.Clock, [source]);
        var snapshot = reader.Read();
        Assert.Equal((1, 1), (snapshot.Good("interlock")!.Value, snapshot.Good("trigger")!.Value));
        driver[17] = PinValue.High;
        board.Pass();
        Assert.Equal(0, reader.Read().Good("interlock")!.Value);
        driver.IsBroken = true;
        board.Pass();
        Assert.Null(reader.Read().Good("interlock"));
    }

    [Fact]
    public void Without_the_chip_or_libgpiod_the_input_has_failed_and_the_rest_goes_on()
    {
        Assert.SkipWhen(File.Exists("/dev/gpiochip63"), "this machine has 64 GPIO chips");
        using var board = new BoardFolder("raspberry-pi-4");
        using var reader = new SensorReader(
            new SensorOptions { Root = board.Root, GpioInputs = [new GpioInput("interlock", 63, 1, false)] },
                board.Clock);
        var snapshot = reader.Read();
        Assert.Equal(ReadingState.Failed, snapshot.Readings.Single(reading => reading.Name == "interlock").State);
        Assert.NotNull(snapshot.Good("soc_temperature"));
    }

    /// <summary>A chip whose levels a test sets.</summary>
    private sealed class LevelDriver : GpioDriver
    {
        private readonly Dictionary<int, PinValue> _levels = [];

        public bool IsBroken { get; set; }

        public PinValue this[int line]
        {
            set => _levels[line] = value;
        }

        protected override int PinCount => 64;

        protected override void OpenPin(int pinNumber)
        {
        }

        protected override void ClosePin(int pinNumber)
        {
        }

        protected override void SetPinMode(int pinNumber, PinMode mode)
        {
        }

        protected override PinMode GetPinMode(int pinNumber) => PinMode.Input;

        protected override bool IsPinModeSupported(int pinNumber, PinMode mode) => mode == PinMode.Input;

        protected override PinValue Read(int pinNumber) =>
            IsBroken ? throw new IOException("the chip is gone") : _levels[pinNumber];

        protected override void Write(int pinNumber, PinValue value) => throw new NotSupportedException();

        protected override WaitForEventResult WaitForEvent(
            int pinNumber, PinEventTypes eventTypes, CancellationToken cancellationToken) =>
                throw new NotSupportedException();

        protected override void AddCallbackForPinValueChangedEvent(
            int pinNumber, PinEventTypes eventTypes, PinChangeEventHandler callback) =>
                throw new NotSupportedException();

        protected override void RemoveCallbackForPinValueChangedEvent(
            int pinNumber, PinChangeEventHandler callback) => throw new NotSupportedException();
    }
}
