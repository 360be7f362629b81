using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Hosting;

namespace EdgeAgent.Tests.Serving;

/// <summary>Pace is kept by rests that are neither too short to be worth it nor too long to be woken from.</summary>
public sealed class PausesTests
{
    private readonly ManualClock _clock = new();
    private readonly PlanInForce _inForce = new();
    private readonly List<double> _rested = [];
    private readonly Pauses _pauses;

    public PausesTests() => _pauses = new Pauses(_inForce, _clock);

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0.5, 100)]
    [InlineData(0.8, 25)]
    [InlineData(0.1, 900)]
    public void Over_many_steps_the_share_of_the_time_that_computes_is_the_pace(double pace, double milliseconds)
    {
        _inForce.Plan = new PruningPlan { Pace = pace };
        for (var i = 0; i < 100; i++)
        {
            Step(1);
        }
        Rest();
        Assert.InRange(_rested.Sum(), milliseconds - 2, milliseconds);
        Assert.All(_rested, rested => Assert.InRange(rested, 2, 50));
    }

    [Fact]
    public void What_the_last_step_of_an_answer_owes_is_rested_before_the_next_answer()
    {
        // A stream of answers of one token must keep the pace too.
        _inForce.Plan = new PruningPlan { Pace = 0.1 };
        Step(10);
        Assert.Empty(_rested);
        Step(10);
        Assert.Equal(90, _rested.Sum());
    }

    [Fact]
    public void Time_in_which_nothing_runs_pays_what_is_owed()
    {
        _inForce.Plan = new PruningPlan { Pace = 0.1 };
        Step(10);
        _clock.Advance(TimeSpan.FromMilliseconds(60));
        Rest();
        Assert.Equal(30, _rested.Sum());
        _clock.Advance(TimeSpan.FromSeconds(10));
        Step(10);
        Rest();
        Assert.Equal(30 + 90, _rested.Sum());
    }

    [Fact]
    public void A_long_rest_ends_when_somebody_wants_an_end()
    {
        _inForce.Plan = new PruningPlan { Pace = 0.02 };
        Step(250);
        var asked = 0;
        _pauses.Rest(Wait, () => ++asked > 3);
        Assert.Equal([50, 50, 50], _rested);
    }

    [Fact]
    public void What_is_owed_is_forgiven_when_the_board_has_cooled_down()
    {
        _inForce.Plan = new PruningPlan { Pace = 0.02 };
        Step(250);
        _pauses.Rest(part =>
        {
            Wait(part);
            _inForce.Plan = PruningPlan.Free;
        }, () => false);
        Step(250);
        Rest();
        Assert.Equal([50], _rested);
    }

    private void Step(double milliseconds)
    {
        Rest();
        var (began, took) = (_clock.GetTimestamp(), TimeSpan.FromMilliseconds(milliseconds));
        _clock.Advance(took);
        _pauses.Ran(began, took);
    }

    private void Rest() => _pauses.Rest(Wait, () => false);

    private void Wait(TimeSpan part)
    {
        _rested.Add(part.TotalMilliseconds);
        _clock.Advance(part);
    }
}
