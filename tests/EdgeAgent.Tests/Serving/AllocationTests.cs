using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.Serving;

/// <summary>The decode loop of `run` allocates no managed byte per token.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class AllocationTests
{
    private const int WarmTokens = 40;
    private const int MeasuredTokens = 200;
    private const int Tokens = 700;

    [Fact]
    public void Two_hundred_greedy_tokens_allocate_nothing() => AssertNothingAllocated(new SamplingOptions());

    [Fact]
    public void Two_hundred_sampled_tokens_allocate_nothing() => AssertNothingAllocated(
        new SamplingOptions { Temperature = 0.8f, TopP = 0.9f, TopK = 40, Seed = 7 });

    [Fact]
    public void Two_hundred_tokens_of_the_whole_vocabulary_over_changing_levels_allocate_nothing() =>
        AssertNothingAllocated(new SamplingOptions { Temperature = 2, TopP = 0.99f, Seed = 8 }, changeLevels: true);

    [Fact]
    public void Two_hundred_tokens_of_three_answers_at_two_levels_together_allocate_nothing() =>
        AssertNothingAllocated(new SamplingOptions(), levels: [0, 2, 2]);

    /// <remarks>
    /// The process counts every thread, and the runner's own may allocate beside us: of three stretches of 200
    /// tokens one
    /// must be clean, which no loop that allocates per token ever leaves. This thread's own count must be 0 in all.
    /// </remarks>
    /// <param name="levels">Of several answers the level that each wants; null: one answer at any.</param>
    private static void AssertNothingAllocated(
        SamplingOptions sampling, bool changeLevels = false, int[]? levels = null)
    {
        var count = levels?.Length ?? 1;
        using var folder = new TemporaryFolder();
        using var model = Served.LoadEndless(folder, count);
        for (var i = 0; i <= model.HighestLevel; i++)
        {
            model.Engine.Open(i);
        }
        var inForce = new PlanInForce();
        var plans = Enumerable.Range(0, 4)
            .Select(level => new PruningPlan { Level = level, OpenTo = 3, Sequences = count }).ToArray();
        // Each beat is one step: the first ones are the prompt's.
        var process = new long[Tokens + 16];
        var thread = new long[Tokens + 16];
        var beats = 0;
        var request = Served.Request("Explain lack of fusion.", Tokens, sampling: sampling,
            stop: ["no such text", "\u0001"]);
        PromptTicket Ticket(int number) => Served.Ticket(
            levels is null ? request : request with { Levels = (levels[number], levels[number]) });
        using var stop = new CancellationTokenSource();
        var tickets = Enumerable.Range(0, count).Select(Ticket).ToArray();
        void Beat()
        {
            if (tickets[^1].Result.IsCompleted)
            {
                stop.Cancel();
                return;
            }
            process[beats] = GC.GetTotalAllocatedBytes(precise: true);
            thread[beats++] = GC.GetAllocatedBytesForCurrentThread();
            inForce.Plan = plans[changeLevels ? beats % 4 : 0];
        }
        var queue = new PromptQueue(count, inForce);
        Array.ForEach(tickets, ticket => Assert.Null(queue.TryAdd(ticket)));

        Served.Loop(queue, inForce).Run(model, Beat, TimeSpan.FromMilliseconds(1), stop.Token);

        Assert.All(tickets, AssertWhole);
        Assert.InRange(beats, Tokens, Tokens + 8);
        var stretches = new List<long>();
        for (var start = WarmTokens; start + MeasuredTokens < beats; start += MeasuredTokens)
        {
            Assert.Equal(0, thread[start + MeasuredTokens] - thread[start]);
            stretches.Add(process[start + MeasuredTokens] - process[start]);
        }
        Assert.Equal(3, stretches.Count);
        Assert.Equal(0, stretches.Min());
    }

    private static void AssertWhole(PromptTicket ticket)
    {
        var answer = Served.Result<PromptAnswer>(ticket);
        Assert.False(answer.IsComplete);
        Assert.Equal(Tokens, answer.CompletionTokens);
    }
}
