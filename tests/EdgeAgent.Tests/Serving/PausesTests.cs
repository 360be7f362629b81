using EdgeAgent.Pruning;
using EdgeAgent.Serving;

namespace EdgeAgent.Tests.Serving;

/// <summary>Pace is kept by pauses that are neither too short to be worth it nor too long to be woken from.</summary>
public sealed class PausesTests
{
    private readonly PlanInForce _inForce = new();
    private readonly List<double> _slept = [];

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0.5, 100)]
    [InlineData(0.8, 25)]
    [InlineData(0.1, 900)]
    public void Over_many_steps_the_share_of_the_time_that_computes_is_the_pace(double pace, double milliseconds)
    {
        _inForce.Plan = new PruningPlan { Pace = pace };
        var pauses = new Pauses(_inForce, part => _slept.Add(part.TotalMilliseconds));
        for (var i = 0; i < 100; i++)
        {
            pauses.After(TimeSpan.FromMilliseconds(1), () => false);
        }
        Assert.InRange(_slept.Sum(), milliseconds - 2, milliseconds);
        Assert.All(_slept, slept => Assert.InRange(slept, 2, 50));
    }

    [Fact]
    public void A_long_pause_ends_when_somebody_wants_an_end()
    {
        _inForce.Plan = new PruningPlan { Pace = 0.02 };
        var asked = 0;
        new Pauses(_inForce, part => _slept.Add(part.TotalMilliseconds))
            .After(TimeSpan.FromMilliseconds(250), () => ++asked > 3);
        Assert.Equal([50, 50, 50], _slept);
    }

    [Fact]
    public void What_is_owed_is_forgiven_when_the_board_has_cooled_down()
    {
        _inForce.Plan = new PruningPlan { Pace = 0.02 };
        var pauses = new Pauses(_inForce, part =>
        {
            _slept.Add(part.TotalMilliseconds);
            _inForce.Plan = PruningPlan.Free;
        });
        pauses.After(TimeSpan.FromMilliseconds(250), () => false);
        pauses.After(TimeSpan.FromMilliseconds(250), () => false);
        Assert.Equal([50], _slept);
    }
}
