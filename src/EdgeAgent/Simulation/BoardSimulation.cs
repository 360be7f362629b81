using EdgeAgent.Pruning;
using EdgeAgent.Sensors;

namespace EdgeAgent.Simulation;

/// <summary>Runs the real governor against a simulated board, service and load with a clock of its own.</summary>
internal sealed class BoardSimulation
{
    /// <summary>Short against the SoC's 15 s and an answer's half second.</summary>
    private const double StepSeconds = 0.02;

    private const double SampleSeconds = 10;
    private const double LateSeconds = 1800;

    /// <summary>What the sensors of Raspberry Pi and Jetson resolve.</summary>
    private const double SensorKelvin = 0.5;

    private readonly SimulationSetup _setup;
    private readonly SimulatedClock _clock = new();
    private readonly BoardState _board;
    private readonly SimulatedQueue _service;
    private readonly Governor? _governor;
    private readonly IEnumerator<double> _arrivals;
    private readonly List<SimulationSample> _samples = [];
    private readonly List<double> _changes = [];
    private PruningPlan _plan = PruningPlan.Free;
    private double _highest;
    private double _throttled;
    private double _joules;

    private BoardSimulation(SimulationSetup setup)
    {
        _setup = setup;
        _board = new BoardState(setup.Board, setup.AmbientCelsius);
        _service = new SimulatedQueue(setup);
        _arrivals = setup.Load.Arrivals(setup.FullPerSecond, setup.Seed).GetEnumerator();
        _arrivals.MoveNext();
        if (setup.Governor != SimulatedGovernor.Kernel)
        {
            var trip = setup.Board.Kernel.SoftCelsius;
            _governor = new Governor(
                GovernorLimits.From(
                setup.GovernorOptions, [.. setup.Levels.Select(l => (double?)l.Accuracy)], _clock, trip), _clock);
            _plan = _governor.Plan;
        }
    }

    /// <summary>Runs from a board that has idled for long.</summary>
    /// <exception cref="GovernorLimitsException">The options contradict each other.</exception>
    public static SimulationResult Run(SimulationSetup setup) => new BoardSimulation(setup).Run();

    private SimulationResult Run()
    {
        var steps = (long)(_setup.Length.TotalSeconds / StepSeconds);
        var look = (long)Math.Round(_setup.Options.Interval.TotalSeconds / StepSeconds);
        var sample = (long)(SampleSeconds / StepSeconds);
        var sampled = 0.0;
        for (var i = 0L; i < steps; i++)
        {
            var now = i * StepSeconds;
            _clock.Set(now);
            if (i % look == 0)
            {
                Look(now);
            }
            if (i % sample == 0)
            {
                Sample(now, _service.Tokens - sampled);
                sampled = _service.Tokens;
            }
            Step(now);
        }
        return Result();
    }

    private void Look(double now)
    {
        if (_governor is null)
        {
            return;
        }
        var before = _plan;
        _plan = _governor.Update(Snapshot(now));
        if (_plan.Level != before.Level)
        {
            _changes.Add(now);
        }
    }

    private SensorSnapshot Snapshot(double now)
    {
        var at = _clock.GetTimestamp();
        var celsius = Math.Round(_board.SocCelsius / SensorKelvin) * SensorKelvin;
        return new SensorSnapshot(at,
        [
            new Reading("soc_temperature", celsius, "celsius", _setup.Board.Kernel.SoftCelsius, at, "simulation"),
            new Reading("board_power", _board.Watts, "watts", null, at, "simulation"),
            new Reading("queue_delay", _service.QueueSeconds(now), "seconds", null, at, "simulation"),
            new Reading("throttled", _board.IsThrottled ? 1 : 0, "flag", null, at, "simulation"),
        ]);
    }

    private void Step(double now)
    {
        for (; _arrivals.Current <= now; _arrivals.MoveNext())
        {
            _service.Arrive(_arrivals.Current, _plan.Admission == Admission.Accept);
        }
        var board = _setup.Board;
        var hertz = Math.Min(_board.KernelHertz, Math.Max(_plan.ClockShare * board.HighestHertz, board.LowestHertz));
        var token = board.TokenSeconds(_setup.Levels[_plan.Level].BytesPerToken, hertz);
        var busy = _service.Compute(now, StepSeconds * _plan.Pace, _plan.Level, token);
        _board.Step(hertz, busy / StepSeconds, StepSeconds);
        _highest = Math.Max(_highest, _board.SocCelsius);
        _throttled += _board.IsThrottled ? StepSeconds : 0;
        _joules += _board.Watts * StepSeconds;
    }

    private void Sample(double now, double tokens) => _samples.Add(new SimulationSample(
        now, _board.SocCelsius, _board.Watts,
        Math.Min(_board.KernelHertz, _plan.ClockShare * _setup.Board.HighestHertz) / 1e9,
        _plan.Level, _plan.Pace, tokens / SampleSeconds, _service.Waiting));

    private SimulationResult Result()
    {
        var length = _setup.Length.TotalSeconds;
        return new SimulationResult
        {
            TokensPerSecond = _service.Tokens / length,
            MeanAccuracy = _service.MeanAccuracy,
            MaxTemperatureCelsius = _highest,
            LevelChanges = _changes.Count,
            LateLevelChanges = _changes.Count(at => at >= length - LateSeconds),
            P99Milliseconds = 1000 * _service.P99Seconds(),
            Answered = _service.Answered,
            Refused = _service.Refused,
            Expired = _service.Expired,
            ThrottledSeconds = _throttled,
            MeanWatts = _joules / length,
            Samples = _samples,
        };
    }

    /// <summary>A clock that stands where the simulation has come to.</summary>
    private sealed class SimulatedClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_ticks);

        public void Set(double seconds) => _ticks = (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
    }
}
