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
        Assert.Equal(77, request.Generation.Sampling.Seed);
        Assert.Equal(["END"], request.Generation.Stop);
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
}
