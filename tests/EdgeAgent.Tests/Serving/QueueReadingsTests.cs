using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Hosting;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.Serving;

/// <summary>What waits and how tight its deadlines are reaches the governor as readings.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class QueueReadingsTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly PlanInForce _inForce = new();
    private readonly ServedModel _model = Served.Load(sequences: 2);
    private readonly PushedReadings _pushed;
    private readonly PromptQueue _queue;
    private readonly QueueReadings _readings;

    public QueueReadingsTests()
    {
        var slot = new ModelSlot();
        slot.Set(_model);
        (_pushed, _queue) = (new PushedReadings(_clock), new PromptQueue(16, _inForce));
        _readings = new QueueReadings(_queue, slot, Served.Loop(_queue, _inForce), _inForce, _pushed);
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_delay_is_that_of_the_oldest_which_does_not_wait_on_purpose()
    {
        Assert.Equal(0, Read("queue_delay"));
        Add(Lane.Batch);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(0, Read("queue_delay"));
        Add(Lane.Normal);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, Read("queue_delay"));
    }

    [Fact]
    public void Without_a_measured_speed_the_slack_is_unknown_and_not_made_up()
    {
        Add(Lane.Normal);
        Assert.Equal(3600, Read("deadline_slack"));
    }

    [Fact]
    public void A_deadline_that_would_be_missed_reaches_the_governor_and_is_no_fault_of_a_sensor()
    {
        _model.Speeds.Decoded(0, 1, TimeSpan.FromSeconds(1));
        _model.Speeds.Answered(10);
        var governor = new Governor(GovernorLimits.From(new(), [0.9, 0.8, 0.7, 0.6], _clock), _clock);
        using var reader = new SensorReader(new SensorOptions { Root = "/nowhere" }, _clock, [], _pushed);
        // Ten tokens take 10 s at level 0, and less than 7 s at level 3, by the bytes that the levels read.
        Add(Lane.Normal, seconds: 8);
        _readings.Push();
        var snapshot = reader.Read();
        Assert.Empty(snapshot.Events);
        Assert.Equal((1, LevelCause.Deadline), (governor.Update(snapshot).Level, governor.Plan.Cause));

        Assert.NotNull(_queue.Take(TimeSpan.Zero));
        _readings.Push();
        Assert.Empty(reader.Read().Events);
    }

    [Fact]
    public void The_slack_is_what_the_tightest_deadline_has_left_when_all_are_answered_in_turn()
    {
        _model.Speeds.Decoded(0, 1, TimeSpan.FromSeconds(0.1));
        _model.Speeds.Prefilled(0, 1, TimeSpan.FromSeconds(0.01));
        _model.Speeds.Answered(20);
        // 8 characters are 2 tokens: 0.02 s of prompt and 2 s of answer for each.
        Add(Lane.Normal, seconds: 60);
        Add(Lane.Normal, seconds: 5);
        Assert.Equal(5 - 4.04, Read("deadline_slack")!.Value, 6);
        _inForce.Plan = new PruningPlan { Pace = 0.5 };
        Assert.Equal(5 - 8.08, Read("deadline_slack")!.Value, 6);
    }

    [Fact]
    public void As_many_are_answered_at_once_as_the_plan_and_the_engine_allow()
    {
        for (var i = 0; i < 200; i++)
        {
            _model.Speeds.Decoded(0, 1, TimeSpan.FromSeconds(0.1));
            _model.Speeds.Decoded(0, 2, TimeSpan.FromSeconds(0.15));
        }
        _model.Speeds.Prefilled(0, 1, TimeSpan.FromSeconds(0.01));
        _model.Speeds.Answered(20);
        Add(Lane.Normal, seconds: 60);
        Add(Lane.Normal, seconds: 60);
        Add(Lane.Normal, seconds: 10);
        _inForce.Plan = new PruningPlan { Sequences = 8 };
        // A prompt takes 0.02 s and lets the other decode 0.04 s meanwhile; an answer takes 3 s beside another. The
        // third begins when the first is done, after 3.06 s.
        Assert.Equal(10 - 3.06 - 3.06, Read("deadline_slack")!.Value, 2);
    }

    [Fact]
    public void A_deadline_that_no_level_can_keep_costs_the_others_no_quality()
    {
        for (var level = 0; level < 4; level++)
        {
            _model.Speeds.Decoded(level, 1, TimeSpan.FromSeconds(1));
        }
        _model.Speeds.Answered(10);
        Add(Lane.Normal, seconds: 2);
        Assert.Equal(3600, Read("deadline_slack"));
    }

    private void Add(Lane lane, double seconds = 60) => Assert.Null(_queue.TryAdd(Served.Ticket(
        Served.Request("8 chars.", lane: lane, timeout: TimeSpan.FromSeconds(seconds)), _clock)));

    private double? Read(string name)
    {
        _readings.Push();
        var pushed = new List<PushedReadings.Pushed>();
        _pushed.CopyTo(pushed);
        return pushed.Where(one => one.Reading.Name == name).Select(one => (double?)one.Reading.Value)
            .SingleOrDefault();
    }
}
