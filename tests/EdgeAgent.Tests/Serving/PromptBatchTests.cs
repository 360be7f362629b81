using EdgeAgent.Inference.Sampling;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.Serving;

/// <summary>A model with four sequences, loaded once.</summary>
public sealed class ServedFour : IDisposable
{
    internal ServedModel Model { get; } = Served.LoadOpen(sequences: 4);

    public void Dispose() => Model.Dispose();
}

/// <summary>Requests that are computed together are answered as each would be alone.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class PromptBatchTests(ServedFour four, ITestOutputHelper output) : IClassFixture<ServedFour>
{
    private readonly ServedModel _model = four.Model;
    private readonly PlanInForce _inForce = new() { Plan = new PruningPlan { Sequences = 4, OpenTo = 3 } };

    [Theory]
    [InlineData(41, 4)]
    [InlineData(42, 4)]
    [InlineData(43, 3)]
    [InlineData(44, 1)]
    public void Each_has_the_answer_of_its_own_level_whoever_comes_and_goes_beside_it(int seed, int sequences)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        _inForce.Plan = _inForce.Plan with { Sequences = sequences };
        var cases = Enumerable.Range(0, 16)
            .Select(_ => Case(NanoReference.Cases[random.Next(NanoReference.Cases.Count)], random)).ToList();
        var queue = new PromptQueue(cases.Count, _inForce);
        var loop = Served.Loop(queue, _inForce);
        var (sent, most) = (0, 0);
        RunUntilAnswered(loop, cases.Select(one => one.Ticket), () =>
        {
            most = Math.Max(most, loop.Running.Count);
            if (sent < cases.Count && random.Next(4) == 0)
            {
                Assert.Null(queue.TryAdd(cases[sent++].Ticket));
            }
        });

        Assert.Equal(sequences, most);
        Assert.All(cases, one => Assert.Equal(one.Text, Served.Result<PromptAnswer>(one.Ticket).Text));
    }

    [Fact]
    public void One_that_is_cancelled_or_broken_leaves_the_others_as_they_are()
    {
        var cases = NanoReference.Cases.Take(3).Select(reference => (reference, Ticket(reference))).ToArray();
        var cancelled = Served.Ticket(Served.Request("Tell me a story."));
        var broken = Served.Ticket(Served.Request() with { Messages = null! });
        var queue = new PromptQueue(8, _inForce);
        // The cancelled one is sequence 0, so that another takes its place.
        PromptTicket[] all = [cancelled, cases[0].Item2, broken, cases[1].Item2, cases[2].Item2];
        Array.ForEach(all, ticket => Assert.Null(queue.TryAdd(ticket)));
        var loop = Served.Loop(queue, _inForce);
        RunUntilAnswered(loop, all, () =>
        {
            if (loop.Running.Count == 4)
            {
                cancelled.Interrupt(new PromptRefusal(ServingFault.Cancelled, "Cancelled."));
            }
        });

        Assert.Equal(ServingFault.Cancelled, Served.Result<PromptRefusal>(cancelled).Fault);
        Assert.Equal(ServingFault.Failed, Served.Result<PromptRefusal>(broken).Fault);
        Assert.All(cases, one => Assert.Equal(one.reference.Text, Served.Result<PromptAnswer>(one.Item2).Text));
    }

    [Fact]
    public void A_plan_for_fewer_takes_no_more_in_and_ends_none()
    {
        var queue = new PromptQueue(8, _inForce);
        var all = NanoReference.Cases.Take(6).Select(Ticket).ToArray();
        Array.ForEach(all, ticket => Assert.Null(queue.TryAdd(ticket)));
        var (loop, reached, after) = (Served.Loop(queue, _inForce), false, 0);
        RunUntilAnswered(loop, all, () =>
        {
            if (loop.Running.Count == 3)
            {
                (reached, _inForce.Plan) = (true, _inForce.Plan with { Sequences = 1 });
            }
            after = reached && loop.Running.Count < 3 ? Math.Max(after, queue.Count + loop.Running.Count) : after;
            Assert.True(!reached || loop.Running.Count <= 3);
        });
        Assert.True(reached);
        // Two of the three had to end before the next began.
        Assert.Equal(5, after);
        Assert.All(all, ticket => Served.Result<PromptAnswer>(ticket));
    }

    [Fact]
    public void A_deadline_that_is_near_takes_those_of_the_same_steps_along_and_no_others()
    {
        for (var i = 0; i < 4 * 100; i++)
        {
            _model.Speeds.Decoded(i % 4, 1, TimeSpan.FromSeconds(i % 4 == 0 ? 1 : 0.001));
        }
        _model.Speeds.Answered(10);
        var hurried = Served.Ticket(Served.Request() with { Timeout = TimeSpan.FromSeconds(5) });
        var beside = Served.Ticket(Served.Request());
        var pinned = Served.Ticket(Served.Request() with { Levels = (0, 0) });
        var higher = Served.Ticket(Served.Request() with { Levels = (2, 3) });
        PromptTicket[] all = [hurried, beside, pinned, higher];
        var queue = new PromptQueue(8, _inForce);
        Array.ForEach(all, ticket => Assert.Null(queue.TryAdd(ticket)));
        RunUntilAnswered(Served.Loop(queue, _inForce), all, () => { });

        Assert.Equal((1, LevelCause.Deadline), Level(hurried));
        Assert.Equal((1, LevelCause.Deadline), Level(beside));
        Assert.Equal((0, LevelCause.None), Level(pinned));
        Assert.Equal((2, LevelCause.Request), Level(higher));
    }

    [Fact]
    public void Batch_work_is_not_begun_beside_what_is_urgent()
    {
        var (urgent, batch) = (Served.Ticket(Served.Request(lane: Lane.Urgent)),
            Served.Ticket(Served.Request(lane: Lane.Batch)));
        var normal = Served.Ticket(Served.Request());
        PromptTicket[] all = [batch, normal, urgent];
        var queue = new PromptQueue(8, _inForce);
        Array.ForEach(all, ticket => Assert.Null(queue.TryAdd(ticket)));
        var loop = Served.Loop(queue, _inForce);
        RunUntilAnswered(loop, all, () =>
            Assert.False(loop.Running.Contains(urgent) && loop.Running.Contains(batch)));
        Assert.All(all, ticket => Served.Result<PromptAnswer>(ticket));
    }

    [Fact]
    public void A_request_that_waits_for_its_level_to_be_opened_holds_up_none_that_runs()
    {
        using var model = Served.Load(sequences: 2);
        var (queue, counters) = (new PromptQueue(2, _inForce), new ServingCounters());
        _inForce.Plan = new PruningPlan { Sequences = 2 };
        // At this temperature it goes on for long.
        var other = Served.Ticket(Served.Request(tokens: 900, sampling: new SamplingOptions { Temperature = 2 }));
        var pinned = Served.Ticket(Served.Request() with { Levels = (3, 3) });
        PromptTicket[] all = [other, pinned];
        Array.ForEach(all, ticket => Assert.Null(queue.TryAdd(ticket)));
        var loop = Served.Loop(queue, _inForce, counters);
        var meanwhile = new HashSet<long>();
        RunUntilAnswered(loop, all, () =>
        {
            if (loop.Running.Contains(pinned) && !model.Engine.IsOpen(3))
            {
                meanwhile.Add(counters.CompletionTokens);
            }
        }, model);
        Assert.True(meanwhile.Count > 2, $"{meanwhile.Count}");
        Assert.Equal((3, LevelCause.Request), Level(pinned));
        Assert.Equal((0, LevelCause.None), Level(other));
    }

    [Fact]
    public void A_stop_finishes_all_that_run()
    {
        var queue = new PromptQueue(8, _inForce);
        var all = NanoReference.Cases.Take(6).Select(Ticket).ToArray();
        Array.ForEach(all, ticket => Assert.Null(queue.TryAdd(ticket)));
        using var stop = new CancellationTokenSource();
        var loop = Served.Loop(queue, _inForce);
        PromptTicket[] running = [];
        loop.Run(_model, () =>
        {
            if (running.Length == 0 && loop.Running.Count == 4)
            {
                running = [.. loop.Running];
                stop.Cancel();
            }
        }, TimeSpan.FromMilliseconds(1), stop.Token);

        Assert.Equal(4, running.Length);
        Assert.All(running, ticket => Served.Result<PromptAnswer>(ticket));
        Assert.All(all.Except(running), ticket =>
            Assert.Equal(ServingFault.ShuttingDown, Served.Result<PromptRefusal>(ticket).Fault));
    }

    [Fact]
    public void Their_energy_is_shared_and_adds_up_to_what_was_drawn()
    {
        var meter = new EnergyMeter(TimeProvider.System);
        var queue = new PromptQueue(8, _inForce);
        var all = NanoReference.Cases.Take(4).Select(Ticket).ToArray();
        Array.ForEach(all, ticket => Assert.Null(queue.TryAdd(ticket)));
        var start = TimeProvider.System.GetTimestamp();
        RunUntilAnswered(Served.Loop(queue, _inForce, energy: meter), all, () =>
        {
            var now = TimeProvider.System.GetTimestamp();
            meter.Observe(new SensorSnapshot(now, [new Reading("board_power", 5, "watts", null, now, "test")]));
        });
        var longest = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        var answers = all.Select(Served.Result<PromptAnswer>).ToArray();
        // One that ran alone all the time would have drawn the power for its whole time.
        var alone = answers.Sum(answer => (answer.PromptTime + answer.CompletionTime).TotalSeconds);
        Assert.InRange(answers.Sum(answer => answer.Energy!.Value.Joules), 0.01, 5 * Math.Min(longest, alone));
    }

    private (PromptTicket Ticket, string Text) Case(ReferenceCase reference, Random random)
    {
        var level = random.Next(1 + (reference.Levels?.Length ?? 0));
        var tokens = level == 0 ? reference.GreedyTokens : reference.Levels![level - 1].GreedyTokens;
        var request = Served.Request(tokens: tokens.Length) with
        {
            Messages = [.. reference.Prompt],
            Levels = (level, level),
        };
        return (Served.Ticket(request), _model.Package.Tokenizer.Decode(tokens));
    }

    private static PromptTicket Ticket(ReferenceCase reference) => Served.Ticket(
        Served.Request(tokens: reference.GreedyTokens.Length) with { Messages = [.. reference.Prompt] });

    private static (int, LevelCause) Level(PromptTicket ticket)
    {
        var answer = Served.Result<PromptAnswer>(ticket);
        return (answer.Level, answer.LevelCause);
    }

    private void RunUntilAnswered(
        InferenceLoop loop, IEnumerable<PromptTicket> tickets, Action beat, ServedModel? model = null)
    {
        using var stop = new CancellationTokenSource();
        loop.Run(model ?? _model, () =>
        {
            beat();
            if (tickets.All(ticket => ticket.Result.IsCompleted))
            {
                stop.Cancel();
            }
        }, TimeSpan.FromMilliseconds(1), stop.Token);
    }
}
