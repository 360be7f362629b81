using EdgeAgent.Pruning;
using EdgeAgent.Serving;

namespace EdgeAgent.Tests.Serving;

/// <summary>The queue keeps lanes and order, refuses what is too much, and forgets nothing.</summary>
public sealed class PromptQueueTests
{
    [Fact]
    public void Urgent_goes_before_normal_before_batch_and_each_lane_keeps_its_order()
    {
        var queue = new PromptQueue(16, new PlanInForce());
        Lane[] arrivals = [Lane.Batch, Lane.Normal, Lane.Urgent, Lane.Batch, Lane.Normal, Lane.Urgent];
        var tickets = arrivals.Select(lane => Served.Ticket(Served.Request(lane: lane))).ToArray();
        Assert.All(tickets, ticket => Assert.Null(queue.TryAdd(ticket)));

        int[] expected = [2, 5, 1, 4, 0, 3];
        Assert.All(expected, i => Assert.Same(tickets[i], queue.Take(TimeSpan.Zero)));
        Assert.Null(queue.Take(TimeSpan.Zero));
    }

    [Fact]
    public void A_full_queue_refuses_over_all_lanes_and_takes_again_when_one_left()
    {
        var queue = new PromptQueue(2, new PlanInForce());
        Assert.Null(queue.TryAdd(Served.Ticket(Served.Request(lane: Lane.Batch))));
        Assert.Null(queue.TryAdd(Served.Ticket()));
        var refusal = queue.TryAdd(Served.Ticket(Served.Request(lane: Lane.Urgent)));
        Assert.Equal(ServingFault.QueueFull, refusal?.Fault);
        Assert.Contains("2 requests wait", refusal!.Message, StringComparison.Ordinal);
        Assert.Equal((2, 2), (queue.Count, queue.Capacity));

        Assert.NotNull(queue.Take(TimeSpan.Zero));
        Assert.Null(queue.TryAdd(Served.Ticket(Served.Request(lane: Lane.Urgent))));
    }

    [Fact]
    public void A_closed_queue_gives_back_what_waits_and_refuses_the_rest()
    {
        var queue = new PromptQueue(8, new PlanInForce());
        var (batch, urgent) =
            (Served.Ticket(Served.Request(lane: Lane.Batch)), Served.Ticket(Served.Request(lane: Lane.Urgent)));
        queue.TryAdd(batch);
        queue.TryAdd(urgent);
        Assert.Equal([urgent, batch], queue.Close());
        Assert.Equal(0, queue.Count);
        Assert.Null(queue.Take(TimeSpan.Zero));
        Assert.Equal(ServingFault.ShuttingDown, queue.TryAdd(Served.Ticket())?.Fault);
        Assert.Empty(queue.Close());
    }

    [Fact]
    public async Task A_waiting_taker_gets_a_request_the_moment_it_comes()
    {
        var queue = new PromptQueue(1, new PlanInForce());
        var taken = Task.Run(() => queue.Take(TimeSpan.FromMinutes(5)), TestContext.Current.CancellationToken);
        var ticket = Served.Ticket();
        queue.TryAdd(ticket);
        Assert.Same(ticket, await taken.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_wake_ends_a_wait_without_a_request()
    {
        var queue = new PromptQueue(1, new PlanInForce());
        var taken = Task.Run(() => queue.Take(TimeSpan.FromMinutes(5)), TestContext.Current.CancellationToken);
        while (!taken.IsCompleted)
        {
            // Until the taker waits, a wake is heard by nobody.
            queue.Wake();
            await Task.Yield();
        }
        Assert.Null(await taken);
    }

    [Fact]
    public void The_plan_in_force_decides_who_comes_in_and_says_when_to_come_again()
    {
        var inForce = new PlanInForce();
        var queue = new PromptQueue(8, inForce);
        inForce.Plan = new PruningPlan
        {
            Admission = Admission.OnlyUrgent,
            RetryAfter = TimeSpan.FromSeconds(12),
            Reason = "84.0 °C, limit 85.0 °C",
        };
        var refusal = queue.TryAdd(Served.Ticket());
        Assert.Equal((ServingFault.Overloaded, TimeSpan.FromSeconds(12)), (refusal!.Fault, refusal.RetryAfter!.Value));
        Assert.Contains("84.0 °C", refusal.Message, StringComparison.Ordinal);
        Assert.Null(queue.TryAdd(Served.Ticket(Served.Request(lane: Lane.Urgent))));

        inForce.Plan = inForce.Plan with { Admission = Admission.Refuse };
        Assert.NotNull(queue.TryAdd(Served.Ticket(Served.Request(lane: Lane.Urgent))));
        inForce.Plan = PruningPlan.Free;
        Assert.Null(queue.TryAdd(Served.Ticket()));
        Assert.Equal(2, queue.Count);
    }
}
