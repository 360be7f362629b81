namespace EdgeAgent.Simulation;

/// <summary>Temperature and clock of a simulated board, moved forward in small steps.</summary>
internal sealed class BoardState
{
    /// <summary>Linux polls a hot Jetson zone once a second (polling-delay-passive of [DTS]).</summary>
    private const double PollSeconds = 1;

    /// <summary>One step of the step_wise governor: Orin has about 38 MHz between two clocks.</summary>
    private const double StepHertz = 38.4e6;

    /// <summary>How fast the firmware changes a clock: [DIETPI] shows some 20 MHz a second once it settles.</summary>
    private const double FirmwareHertzPerSecond = 50e6;

    private readonly BoardModel _board;
    private readonly double _ambient;
    private double _boardCelsius;
    private double _sincePoll;

    /// <summary>Starts as the board is after long idling.</summary>
    public BoardState(BoardModel board, double ambientCelsius)
    {
        (_board, _ambient) = (board, ambientCelsius);
        _boardCelsius = ambientCelsius + board.AirResistance * board.IdleWatts;
        SocCelsius = _boardCelsius + board.SocResistance * (board.IdleWatts - board.BesideSocWatts);
        KernelHertz = board.HighestHertz;
    }

    public double SocCelsius { get; private set; }

    /// <summary>The clock that firmware or kernel allow.</summary>
    public double KernelHertz { get; private set; }

    public bool IsThrottled => KernelHertz < _board.HighestHertz;

    /// <summary>Draw of the whole board over the last step.</summary>
    public double Watts { get; private set; }

    /// <summary>Moves on by a step that is short against the SoC's time constant.</summary>
    /// <param name="hertz">The clock in force.</param>
    /// <param name="busy">Share of the step in which the cores computed, 0 to 1.</param>
    public void Step(double hertz, double busy, double seconds)
    {
        Watts = _board.IdleWatts + busy * (_board.BusyWatts(hertz) - _board.IdleWatts);
        var toBoard = (SocCelsius - _boardCelsius) / _board.SocResistance;
        var toAir = (_boardCelsius - _ambient) / _board.AirResistance;
        SocCelsius += (Watts - _board.BesideSocWatts - toBoard) * seconds / _board.SocCapacity;
        _boardCelsius += (toBoard + _board.BesideSocWatts - toAir) * seconds / _board.BoardCapacity;
        if (_board.Kernel.Stepwise)
        {
            StepWise(seconds);
        }
        else
        {
            Firmware(seconds);
        }
    }

    // Documentation: "between 80 °C and 85 °C the Arm cores will be progressively throttled back".
    private void Firmware(double seconds)
    {
        var (soft, hard) = (_board.Kernel.SoftCelsius, _board.Kernel.HardCelsius);
        var share = Math.Clamp((SocCelsius - soft) / (hard - soft), 0, 1);
        var wanted = SocCelsius > hard
            ? _board.Kernel.FloorHertz
            : _board.HighestHertz - share * (_board.HighestHertz - _board.LowestHertz);
        var step = FirmwareHertzPerSecond * seconds;
        KernelHertz += Math.Clamp(wanted - KernelHertz, -step, step);
    }

    // drivers/thermal/gov_step_wise.c: above the trip and not falling, one state more; below it, one less.
    private void StepWise(double seconds)
    {
        _sincePoll += seconds;
        if (_sincePoll < PollSeconds)
        {
            return;
        }
        _sincePoll -= PollSeconds;
        var step = SocCelsius >= _board.Kernel.SoftCelsius ? -StepHertz : StepHertz;
        KernelHertz = Math.Clamp(KernelHertz + step, _board.Kernel.FloorHertz, _board.HighestHertz);
    }
}
