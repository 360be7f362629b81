using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Hosting;

namespace EdgeAgent.Tests.Serving;

/// <summary>Energy of requests out of readings of power, with a clock of the test's own.</summary>
public sealed class EnergyMeterTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly ManualClock _clock = new();
    private readonly EnergyMeter _meter;

    public EnergyMeterTests() => _meter = new EnergyMeter(_clock);

    [Fact]
    public void A_request_at_constant_power_takes_power_times_time()
    {
        Wait(20, watts: 3);
        var account = _meter.Begin();
        Wait(8, watts: 7);
        var use = _meter.End(account, tokens: 40)!.Value;
        Assert.Equal(2 * 7.0, use.Joules, 6);
        Assert.Equal(2 * 4.0, use.JoulesAboveIdle!.Value, 6);
        var report = _meter.Take();
        Assert.Equal((3.0, 1L, 40L), (report.IdleWatts, report.MeasuredRequests, report.MeasuredTokens));
        Assert.Equal((14.0, 8.0), (report.RequestJoules, report.RequestJoulesAboveIdle));
    }

    [Fact]
    public void Power_that_rises_steadily_is_integrated_as_a_trapezoid()
    {
        var account = _meter.Begin();
        Show(0);
        for (var i = 1; i <= 8; i++)
        {
            _clock.Advance(Look);
            Show(i);
        }
        // The integral of 4 W/s times t from 0 to 2 s.
        Assert.Equal(8.0, _meter.End(account, 1)!.Value.Joules, 6);
    }

    [Fact]
    public void Two_requests_that_run_together_share_the_energy_of_that_time()
    {
        Show(3);
        var early = _meter.Begin();
        Wait(4, watts: 6);
        var late = _meter.Begin();
        Wait(4, watts: 8);
        var first = _meter.End(early, 1)!.Value.Joules;
        Wait(4, watts: 6);
        var second = _meter.End(late, 1)!.Value.Joules;
        // One second alone at 6 W, one second together that rises from 6 to 8 W in its first quarter, one alone.
        var together = (0.25 * 7) + (0.75 * 8);
        Assert.Equal(6 + (together / 2), first, 6);
        Assert.Equal((together / 2) + (0.25 * 7) + (0.75 * 6), second, 6);
    }

    [Fact]
    public void The_time_since_the_last_reading_counts_at_that_reading()
    {
        Show(3);
        var account = _meter.Begin();
        Wait(4, watts: 6);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(6 * 1.1, _meter.End(account, 1)!.Value.Joules, 6);
    }

    [Fact]
    public void A_request_between_two_readings_counts_at_the_last_one_taken_while_the_model_computed()
    {
        Wait(20, watts: 3);
        var first = _meter.Begin();
        Wait(2, watts: 7);
        _meter.End(first, 1);
        Wait(20, watts: 3);
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        var account = _meter.Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        var use = _meter.End(account, 1)!.Value;
        Assert.Equal(0.7, use.Joules, 6);
        Assert.Equal(0.4, use.JoulesAboveIdle!.Value, 6);
    }

    [Fact]
    public void A_request_is_not_measured_by_readings_that_were_taken_while_the_board_waited()
    {
        Wait(20, watts: 3);
        var account = _meter.Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(_meter.End(account, 1));
        Assert.Equal(1, _meter.Take().UnmeasuredRequests);
    }

    [Fact]
    public void A_reading_of_long_ago_says_nothing_about_a_request_of_now()
    {
        var first = _meter.Begin();
        Wait(2, watts: 7);
        _meter.End(first, 1);
        for (var i = 0; i < 11; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            Show(3);
        }
        var account = _meter.Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(_meter.End(account, 1));
    }

    [Fact]
    public void A_gap_between_readings_leaves_the_energy_unknown_and_the_next_request_is_measured_again()
    {
        Show(3);
        var account = _meter.Begin();
        Wait(4, watts: 6);
        _clock.Advance(EnergyMeter.LongestGap + Look);
        Show(6);
        Assert.Null(_meter.End(account, 1));
        var next = _meter.Begin();
        Wait(4, watts: 6);
        Assert.Equal(6.0, _meter.End(next, 1)!.Value.Joules, 6);
    }

    [Fact]
    public void A_sensor_that_has_gone_silent_leaves_the_energy_unknown()
    {
        Show(3);
        var account = _meter.Begin();
        Wait(4, watts: 6);
        _clock.Advance(EnergyMeter.LongestGap + Look);
        Assert.Null(_meter.End(account, 1));
    }

    [Fact]
    public void Without_a_power_sensor_there_is_no_energy()
    {
        _meter.Observe(new SensorSnapshot(_clock.GetTimestamp(), []));
        var account = _meter.Begin();
        _clock.Advance(Look);
        _meter.Observe(new SensorSnapshot(_clock.GetTimestamp(), [Power("soc_temperature", 60)]));
        Assert.Null(_meter.End(account, 1));
        Assert.Equal((null, 0.0), (_meter.Take().IdleWatts, _meter.Take().BoardJoules));
    }

    [Theory]
    [InlineData(ReadingState.Absurd)]
    [InlineData(ReadingState.Frozen)]
    [InlineData(ReadingState.Stale)]
    [InlineData(ReadingState.Failed)]
    internal void A_board_reading_that_cannot_be_believed_is_not_replaced_by_the_power_of_the_SoC(ReadingState state)
    {
        var account = _meter.Begin();
        for (var i = 0; i < 4; i++)
        {
            _clock.Advance(Look);
            _meter.Observe(new SensorSnapshot(_clock.GetTimestamp(),
                [Power("board_power", 6) with { State = state }, Power("soc_power", 4)]));
        }
        Assert.Null(_meter.End(account, 1));
    }

    [Fact]
    public void Where_only_the_SoC_is_measured_its_power_counts()
    {
        var account = _meter.Begin();
        for (var i = 0; i < 5; i++)
        {
            _meter.Observe(new SensorSnapshot(_clock.GetTimestamp(), [Power("soc_power", 4)]));
            _clock.Advance(Look);
        }
        Assert.Equal(5.0, _meter.End(account, 1)!.Value.Joules, 6);
    }

    [Fact]
    public void What_an_energy_counter_shows_above_idle_belongs_to_the_time_that_was_computed()
    {
        Wait(20, watts: 2, Counter);
        for (var i = 0; i < 2; i++)
        {
            _clock.Advance(Look / 2);
            var account = _meter.Begin();
            _clock.Advance(Look / 2);
            // Half of the interval at 10 W, half at 2 W: the counter's mean is 6 W.
            Show(6, Counter);
            _clock.Advance(Look / 2);
            var use = _meter.End(account, 1)!.Value;
            Assert.Equal(10 * 0.25, use.Joules, 6);
            Assert.Equal(8 * 0.25, use.JoulesAboveIdle!.Value, 6);
            _clock.Advance(Look / 2);
            Show(6, Counter);
            Wait(10, watts: 2, Counter);
        }
    }

    [Fact]
    public void The_idle_power_follows_falls_quickly_and_bursts_of_other_programs_hardly()
    {
        Wait(20, watts: 5);
        Assert.Equal(5, _meter.Take().IdleWatts);
        Wait(4, watts: 15);
        Assert.InRange(_meter.Take().IdleWatts!.Value, 5, 5.5);
        Wait(40, watts: 3);
        Assert.InRange(_meter.Take().IdleWatts!.Value, 3, 3.01);
    }

    // A first-order lag: after one time constant of 25 s, 1 - 1/e of a step from 5 to 15 W.
    [Theory]
    [InlineData(250)]
    [InlineData(1000)]
    public void The_idle_power_rises_as_slowly_however_often_power_is_read(int milliseconds)
    {
        Wait(20, watts: 5);
        for (var i = 0; i < 25_000 / milliseconds; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
            Show(15);
        }
        Assert.Equal(5 + (10 * 0.632121), _meter.Take().IdleWatts!.Value, 1e-4);
    }

    [Theory]
    [InlineData(Sensor)]
    [InlineData(Counter)]
    public void After_it_was_told_to_forget_no_reading_from_before_values_a_request(string source)
    {
        Wait(20, watts: 3, source);
        var first = _meter.Begin();
        Wait(4, watts: 7, source);
        Assert.Equal(7.0, _meter.End(first, 1)!.Value.Joules, 6);
        var before = _meter.ComputingReadings;
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        _meter.ForgetComputing();
        var second = _meter.Begin();
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(_meter.End(second, 1));
        Assert.Equal(before, _meter.ComputingReadings);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Show(5, source);
        var third = _meter.Begin();
        Wait(4, watts: 6, source);
        Assert.Equal(6.0, _meter.End(third, 1)!.Value.Joules, 6);
        Assert.Equal(before + 4, _meter.ComputingReadings);
    }

    [Fact]
    public void The_idle_power_is_not_learned_from_readings_right_after_an_answer()
    {
        Show(3);
        var account = _meter.Begin();
        Wait(4, watts: 9);
        _meter.End(account, 1);
        Wait(7, watts: 8);
        Assert.Null(_meter.Take().IdleWatts);
        Wait(2, watts: 3);
        Assert.Equal(3, _meter.Take().IdleWatts);
    }

    [Fact]
    public void The_energy_of_the_board_counts_all_measured_time_and_no_gap()
    {
        Show(4);
        Wait(8, watts: 4);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Show(4);
        Wait(8, watts: 4);
        var report = _meter.Take();
        Assert.Equal((16.0, 4.0), (Math.Round(report.BoardJoules, 6), Math.Round(report.MeasuredSeconds, 6)));
    }

    [Fact]
    public void A_reading_that_comes_again_or_from_the_future_changes_nothing()
    {
        Show(4);
        var account = _meter.Begin();
        Wait(4, watts: 4);
        var future = Power("board_power", 900) with { TakenAt = _clock.GetTimestamp() + TimeSpan.TicksPerHour };
        _meter.Observe(new SensorSnapshot(_clock.GetTimestamp(), [future]));
        _meter.Observe(new SensorSnapshot(_clock.GetTimestamp(), [Power("board_power", 900)]));
        Assert.Equal(4.0, _meter.End(account, 1)!.Value.Joules, 6);
    }

    [Fact]
    public void A_request_ends_once()
    {
        var account = _meter.Begin();
        Wait(4, watts: 4);
        Assert.NotNull(_meter.End(account, 1));
        Assert.Null(_meter.End(account, 1));
    }

    private const string Sensor = "sys/class/hwmon/hwmon1/in1_input";
    private const string Counter = "sys/class/powercap/intel-rapl:1/energy_uj";

    private void Wait(int looks, double watts, string source = "sys/class/hwmon/hwmon1/in1_input")
    {
        for (var i = 0; i < looks; i++)
        {
            _clock.Advance(Look);
            Show(watts, source);
        }
    }

    private void Show(double watts, string source = "sys/class/hwmon/hwmon1/in1_input") => _meter.Observe(
        new SensorSnapshot(_clock.GetTimestamp(), [Power("board_power", watts) with { Source = source }]));

    private Reading Power(string name, double watts) =>
        new(name, watts, "watts", null, _clock.GetTimestamp(), "sys/class/hwmon/hwmon1/in1_input");
}
