using EdgeAgent.Hosting;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;

namespace EdgeAgent.Tests.Messaging;

/// <summary>Every message that asks for something is counted once, and ends in the queue or in a refusal.</summary>
public sealed class RequestIntakeTests
{
    private readonly MessagingSetup _agent = new(queue: 2);

    [Fact]
    public void Accepted_refused_and_duplicate_requests_add_up_at_every_moment()
    {
        string[] payloads =
        [
            """{"id":"a","prompt":"x"}""", """{"id":"a","prompt":"x"}""", """{"id":"a","prompt":"y"}""", "{",
            "plain text",
            """{"id":"b","prompt":"third is one too many"}""", """{"id":"c","prompt":"x","schema":{}}""",
            """{"id":"d","prompt":"x","unknown":1}""",
        ];
        for (var i = 0; i < payloads.Length; i++)
        {
            _agent.Receive(payloads[i]);
            Assert.Equal(i + 1, _agent.AssertNothingLost());
        }
        var readings = _agent.Readings();
        Assert.Equal(2, readings["requests_accepted_total"]);
        Assert.Equal(1, readings["requests_duplicate_total"]);
        Assert.Equal(5, readings["requests_refused_total"]);
        Assert.Equal(1, readings["unknown_fields_total"]);
        Assert.Equal(2, readings["answers_pending"]);
        Assert.Equal(2, _agent.Queue.Count);
        Assert.Equal(5, _agent.Outbox.Count);
    }

    [Fact]
    public void A_request_that_found_the_queue_full_is_new_when_it_comes_again()
    {
        _agent.Receive("""{"id":"a","prompt":"x"}""");
        _agent.Receive("""{"id":"b","prompt":"x"}""");
        _agent.Receive("""{"id":"c","prompt":"x"}""");
        Assert.NotNull(_agent.Queue.Take(TimeSpan.Zero));
        _agent.Receive("""{"id":"c","prompt":"x"}""");
        Assert.Equal(3, _agent.Readings()["requests_accepted_total"]);
        _agent.AssertNothingLost();
    }

    [Fact]
    public void A_priority_becomes_a_lane_and_a_seed_is_kept()
    {
        _agent.Receive("""
            {"id":"a","prompt":"x","priority":"batch","seed":77,"level":{"min":1,"max":2},"stop":["END"]}
            """);
        var request = _agent.Queue.Take(TimeSpan.Zero)!.Request;
        Assert.Equal((Lane.Batch, (1, 2)), (request.Lane, request.Levels));
        Assert.Equal(77, request.Seed);
        Assert.Equal(["END"], request.Stop);
    }

    [Fact]
    public void A_cancel_interrupts_the_request_that_waits()
    {
        _agent.Receive("""{"id":"a","prompt":"x"}""");
        _agent.Cancel("b");
        _agent.Cancel("a");
        Assert.Equal(ServingFault.Cancelled, _agent.Queue.Take(TimeSpan.Zero)!.Interruption?.Fault);
        Assert.Equal(1, _agent.AssertNothingLost());
    }

    [Fact]
    public void A_retained_request_is_refused_and_never_run()
    {
        _agent.Receive("""{"id":"a","prompt":"x"}""", retain: true);
        Assert.Equal((0, 1.0), (_agent.Queue.Count, _agent.Readings()["requests_refused_total"]));
    }

    // [P-08]
    [Fact]
    public void An_empty_retained_message_deletes_a_request_and_is_none()
    {
        _agent.Receive("", retain: true);
        Assert.Equal(0, _agent.AssertNothingLost());
        Assert.Equal(0, _agent.Outbox.Count);
        _agent.Receive("");
        Assert.Equal(1, _agent.Readings()["requests_refused_total"]);
    }

    [Fact]
    public async Task An_answer_waits_in_the_outbox_once_for_each_who_asked()
    {
        _agent.Receive("""{"id":"a","prompt":"x"}""", correlation: "1");
        _agent.Receive("""{"id":"a","prompt":"x"}""", correlation: "2");
        _agent.Queue.Take(TimeSpan.Zero)!.Complete(
            new PromptRefusal(ServingFault.Failed, "The model could not answer."));
        while (_agent.Outbox.Count < 2)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        Assert.Equal(1, _agent.Readings()["answers_pending"]);

        _agent.Receive("""{"id":"a","prompt":"x"}""", correlation: "3");
        Assert.Equal(3, _agent.Outbox.Count);
        _agent.AssertNothingLost();
    }

    [Fact]
    public void An_overloaded_board_refuses_with_503_and_the_time_to_wait_and_counts_it()
    {
        _agent.Plan.Plan = new PruningPlan { Admission = Admission.Refuse, RetryAfter = TimeSpan.FromSeconds(30) };
        _agent.Receive("""{"id":"a","prompt":"x"}""");
        Assert.Equal(1, _agent.AssertNothingLost());
        Assert.Equal((1, 0), (_agent.Readings()["requests_refused_total"], _agent.Queue.Count));
        _agent.Plan.Plan = PruningPlan.Free;
        _agent.Receive("""{"id":"a","prompt":"x"}""");
        Assert.Equal(1, _agent.Readings()["requests_accepted_total"]);
    }

    [Theory]
    [InlineData("""{"id":"a","prompt":"x","max_tokens":8}""", 2, LevelCause.Class)]
    [InlineData("""{"id":"a","prompt":"x"}""", 1, LevelCause.Class)]
    [InlineData("""{"id":"a","prompt":"a prompt of more than 20 characters"}""", 0, LevelCause.Class)]
    [InlineData("""{"id":"a","prompt":"x","max_tokens":8,"level":{"min":0,"max":3}}""", 0, LevelCause.Request)]
    [InlineData("""{"id":"a","prompt":"x","max_tokens":8,"level":{"min":3}}""", 3, LevelCause.Request)]
    public void A_simple_request_runs_small_by_its_class_unless_it_names_a_level(
        string payload, int least, object cause)
    {
        var agent = new MessagingSetup(options: new AgentOptions
        {
            Device = "press-7",
            Data = "/nowhere",
            PruningClasses = ["prompt_characters:20=1", "max_tokens:8=2", "client:camera=3"],
        });
        agent.Receive(payload);
        var request = agent.Queue.Take(TimeSpan.Zero)!.Request;
        Assert.Equal((least, cause), (request.Levels.Min, (object)request.LevelCause));
    }

    [Theory]
    [InlineData("belt", "61.5", 61.5, null)]
    [InlineData("belt", """{"value":61.5,"unit":"celsius","limit":60,"valid_s":5}""", 61.5, 60.0)]
    [InlineData("belt", "warm", null, null)]
    [InlineData("belt", """{"value":1e999}""", null, null)]
    [InlineData("belt", """{"value":1,"limit":0}""", null, null)]
    [InlineData("belt", """{"unit":"celsius"}""", null, null)]
    [InlineData("Belt 7", "1", null, null)]
    public void A_reading_of_the_line_is_taken_or_refused_with_a_count(
        string name, string payload, double? value, double? limit)
    {
        _agent.Line.Take(name, System.Text.Encoding.UTF8.GetBytes(payload), isRetained: false);
        var counts = new Dictionary<string, double>();
        _agent.Line.AddTo(counts);
        var pushed = new List<PushedReadings.Pushed>();
        _agent.Pushed.CopyTo(pushed);
        Assert.Equal((value is null ? 0 : 1, value is null ? 1 : 0),
            (counts["line_readings_total"], counts["line_readings_refused_total"]));
        Assert.Equal(value, pushed.Count == 0 ? null : pushed[0].Reading.Value);
        Assert.Equal(limit, pushed.Count == 0 ? null : pushed[0].Reading.Limit);
    }

    [Fact]
    public void A_retained_reading_is_not_taken_because_nobody_knows_its_age()
    {
        _agent.Line.Take("belt", "5"u8, isRetained: true);
        var pushed = new List<PushedReadings.Pushed>();
        _agent.Pushed.CopyTo(pushed);
        Assert.Empty(pushed);
    }

    [Fact]
    public void An_empty_reading_takes_the_name_back_and_the_agents_own_readings_always_have_their_place()
    {
        for (var i = 0; i < 2 * PushedReadings.MaxReadings; i++)
        {
            _agent.Line.Take($"belt_{i}", "1"u8, isRetained: false);
        }
        Assert.True(_agent.Pushed.Push("queue_delay", 1, "seconds", TimeSpan.FromSeconds(2), "serving"));
        Assert.Equal(PushedReadings.MaxReadings + 1, Pushed().Count);
        _agent.Line.Take("belt_0", ""u8, isRetained: false);
        Assert.Equal(PushedReadings.MaxReadings, Pushed().Count);
    }

    [Fact]
    public void A_reading_of_the_line_that_fell_silent_is_forgotten_after_ten_times_its_validity()
    {
        _agent.Line.Take("belt", """{"value":2,"limit":1,"valid_s":10}"""u8, isRetained: false);
        _agent.Clock.Advance(TimeSpan.FromSeconds(100));
        Assert.Single(Pushed());
        _agent.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(Pushed());
    }

    private List<PushedReadings.Pushed> Pushed()
    {
        var pushed = new List<PushedReadings.Pushed>();
        _agent.Pushed.CopyTo(pushed);
        return pushed;
    }
}
