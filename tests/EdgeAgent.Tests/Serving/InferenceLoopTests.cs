using EdgeAgent.Inference;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Hosting;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.Serving;

/// <summary>A model loaded once for the tests of the loop.</summary>
public sealed class ServedNano : IDisposable
{
    internal ServedModel Model { get; } = Served.LoadOpen();

    public void Dispose() => Model.Dispose();
}

/// <summary>
/// Every request gets one result: an answer, or a reason; and the next one is answered whatever happened.
/// </summary>
[Collection(OneEngineAtATime.Name)]
public sealed class InferenceLoopTests(ServedNano nano) : IClassFixture<ServedNano>
{
    private static readonly ReferenceCase Reference = NanoReference.Cases[0];

    private readonly ServedModel _model = nano.Model;
    private readonly PromptQueue _queue = new(8, new PlanInForce());

    [Fact]
    public void A_request_is_answered_as_the_reference_says_with_its_counts()
    {
        var counters = new ServingCounters();
        var answer = Assert.IsType<PromptAnswer>(
            Served.Loop(_queue, counters: counters).Answer(_model, Ticket(), () => { }));
        Assert.Equal((Reference.Text, true), (answer.Text, answer.IsComplete));
        Assert.Equal((Reference.PromptTokens.Length, Reference.GreedyTokens.Length),
            (answer.PromptTokens, answer.CompletionTokens));
        Assert.Equal((0, 0.0), (answer.Level, answer.LevelMean));
        Assert.Equal((answer.PromptTokens, answer.CompletionTokens),
            (counters.PromptTokens, counters.CompletionTokens));
        Assert.True(counters.CompletionTime > TimeSpan.Zero);
        Assert.Equal(counters.CompletionTokens - 1, counters.DecodedTokens);
    }

    [Theory]
    [InlineData(0, 2, 9, 2, 2)]
    [InlineData(3, 0, 1, 1, 1)]
    [InlineData(0, 99, 99, 3, 3)]
    [InlineData(7, 0, 99, 3, 3)]
    [InlineData(1, 0, 99, 1, 1)]
    public void The_level_in_force_is_clamped_to_the_request_and_the_model(int inForce, int min, int max, int level,
        double mean)
    {
        var request = Request() with { Levels = (min, max) };
        var answer = Assert.IsType<PromptAnswer>(Served.Loop(_queue, Served.At(inForce))
            .Answer(_model, Served.Ticket(request), () => { }));
        Assert.Equal((level, mean), (answer.Level, answer.LevelMean));
        var expected = level == 0 ? Reference.GreedyTokens : Reference.Levels![level - 1].GreedyTokens;
        Assert.Equal(_model.Package.Tokenizer.Decode(expected), answer.Text);
    }

    [Fact]
    public void The_level_in_force_is_read_again_at_every_token()
    {
        var (inForce, beats) = (new PlanInForce(), 0);
        var answer = Assert.IsType<PromptAnswer>(Served.Loop(_queue, inForce).Answer(_model, Ticket(), () =>
            inForce.Plan = new PruningPlan
            {
                Level = beats++ == 0 ? 0 : Reference.Mixed!.Pattern[(beats - 2) % 5],
            }));
        Assert.Equal(_model.Package.Tokenizer.Decode(Reference.Mixed!.GreedyTokens), answer.Text);
        Assert.Equal(3, answer.Level);
        Assert.InRange(answer.LevelMean, 0.5, 2.9);
    }

    [Fact]
    public void An_answer_carries_the_energy_of_its_time_where_power_is_read()
    {
        var meter = new EnergyMeter(TimeProvider.System);
        var start = TimeProvider.System.GetTimestamp();
        var answer = Assert.IsType<PromptAnswer>(
            Served.Loop(_queue, energy: meter).Answer(_model, Ticket(), () => meter.Observe(Power(5))));
        var longest = TimeProvider.System.GetElapsedTime(start);
        var shortest = answer.PromptTime + answer.CompletionTime;
        Assert.InRange(answer.Energy!.Value.Joules, 5 * shortest.TotalSeconds, 5 * longest.TotalSeconds);
        Assert.Null(answer.Energy.Value.JoulesAboveIdle);
    }

    [Fact]
    public void What_became_no_answer_counts_its_energy_too_and_without_a_sensor_none_has_any()
    {
        var meter = new EnergyMeter(TimeProvider.System);
        var ticket = Ticket();
        Served.Loop(_queue, energy: meter).Answer(_model, ticket, () =>
        {
            meter.Observe(Power(5));
            ticket.Interrupt(new PromptRefusal(ServingFault.Cancelled, "Cancelled."));
        });
        Assert.Equal((1, 0), (meter.Take().MeasuredRequests, meter.Take().MeasuredTokens));
        Assert.Null(Assert.IsType<PromptAnswer>(Served.Loop(_queue).Answer(_model, Ticket(), () => { })).Energy);
    }

    [Fact]
    public void A_request_whose_deadline_passes_while_it_runs_is_refused_with_what_was_done()
    {
        var clock = new ManualClock();
        var beats = 0;
        var ticket = Served.Ticket(Request() with { Timeout = TimeSpan.FromSeconds(10) }, clock);
        var refusal = Assert.IsType<PromptRefusal>(Served.Loop(_queue).Answer(_model, ticket, () =>
        {
            if (++beats == 5)
            {
                clock.Advance(TimeSpan.FromSeconds(10));
            }
        }));
        Assert.Equal(ServingFault.Expired, refusal.Fault);
        Assert.Contains("within 10000 ms (4 tokens", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_that_expired_in_the_queue_costs_no_step()
    {
        var clock = new ManualClock();
        var ticket = Served.Ticket(Request() with { Timeout = TimeSpan.FromSeconds(1) }, clock);
        clock.Advance(TimeSpan.FromSeconds(1));
        var beats = 0;
        var refusal = Assert.IsType<PromptRefusal>(Served.Loop(_queue).Answer(_model, ticket, () => beats++));
        Assert.Equal((ServingFault.Expired, 0), (refusal.Fault, beats));
    }

    [Fact]
    public void A_cancel_ends_the_answer_before_the_next_token()
    {
        var ticket = Ticket();
        var beats = 0;
        var result = Served.Loop(_queue).Answer(_model, ticket, () =>
        {
            if (++beats == 4)
            {
                ticket.Interrupt(new PromptRefusal(ServingFault.Cancelled, "Cancelled."));
            }
        });
        Assert.Equal(new PromptRefusal(ServingFault.Cancelled, "Cancelled."), result);
        Assert.Equal(4, beats);
    }

    [Fact]
    public void A_prompt_longer_than_the_context_is_refused_by_name()
    {
        var request = Served.Request(string.Concat(Enumerable.Repeat("part 7 ok. ", 2000)));
        var refusal = Assert.IsType<PromptRefusal>(
            Served.Loop(_queue).Answer(_model, Served.Ticket(request), () => { }));
        Assert.Equal(ServingFault.ContextExceeded, refusal.Fault);
        Assert.Contains("1024", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_loop_goes_on_after_a_request_that_broke_it()
    {
        var broken = Served.Ticket(Request() with { Messages = null! });
        var tooLong = Served.Ticket(Served.Request(new string('7', 5000)));
        var good = Ticket();
        Array.ForEach([broken, tooLong, good], ticket => Assert.Null(_queue.TryAdd(ticket)));

        RunUntil(() => good.Result.IsCompleted);

        Assert.Equal(ServingFault.Failed, Served.Result<PromptRefusal>(broken).Fault);
        Assert.Equal(ServingFault.ContextExceeded, Served.Result<PromptRefusal>(tooLong).Fault);
        Assert.Equal(Reference.Text, Served.Result<PromptAnswer>(good).Text);
    }

    [Fact]
    public void A_stop_finishes_what_runs_and_refuses_what_waits()
    {
        var (running, waiting) = (Ticket(), Ticket());
        _queue.TryAdd(running);
        _queue.TryAdd(waiting);
        using var stop = new CancellationTokenSource();
        var beats = 0;
        Served.Loop(_queue).Run(_model, () =>
        {
            if (++beats == 3)
            {
                stop.Cancel();
            }
        }, TimeSpan.FromSeconds(1), stop.Token);

        Assert.Equal(Reference.Text, Served.Result<PromptAnswer>(running).Text);
        Assert.Equal(ServingFault.ShuttingDown, Served.Result<PromptRefusal>(waiting).Fault);
        Assert.Equal(ServingFault.ShuttingDown, _queue.TryAdd(Ticket())?.Fault);
    }

    [Fact]
    public void An_agent_that_cannot_wait_abandons_what_runs()
    {
        var loop = Served.Loop(_queue);
        var beats = 0;
        var result = loop.Answer(_model, Ticket(), () =>
        {
            if (++beats == 3)
            {
                loop.Abandon();
            }
        });
        Assert.Equal(ServingFault.ShuttingDown, Assert.IsType<PromptRefusal>(result).Fault);
        loop.Abandon();
    }

    [Fact]
    public void Only_the_first_result_of_a_ticket_counts()
    {
        var ticket = Ticket();
        ticket.Complete(new PromptRefusal(ServingFault.Cancelled, "first"));
        ticket.Complete(new PromptRefusal(ServingFault.Failed, "second"));
        Assert.Equal("first", Served.Result<PromptRefusal>(ticket).Message);
    }

    private static SensorSnapshot Power(double watts)
    {
        var now = TimeProvider.System.GetTimestamp();
        return new SensorSnapshot(now, [new Reading("board_power", watts, "watts", null, now, "test")]);
    }

    private static PromptRequest Request() => Served.Request() with { Messages = [.. Reference.Prompt] };

    private static PromptTicket Ticket() => Served.Ticket(Request());

    private void RunUntil(Func<bool> done)
    {
        using var stop = new CancellationTokenSource();
        Served.Loop(_queue).Run(_model, () =>
        {
            if (done())
            {
                stop.Cancel();
            }
        }, TimeSpan.FromMilliseconds(1), stop.Token);
    }
}
