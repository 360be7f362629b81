namespace EdgeAgent.Tests.Inference;

/// <summary>Several sequences in one KV cache know nothing of each other.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class SequenceTests(NanoPackages packages, ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, 21)]
    [InlineData(3, 22)]
    [InlineData(4, 23)]
    [InlineData(4, 24)]
    public void Sequences_that_decode_together_answer_as_each_does_alone(int count, int seed)
    {
        output.WriteLine($"seed {seed}");
        var model = packages.Int4;
        var random = new Random(seed);
        var cases = NanoReference.Cases.ToArray();
        random.Shuffle(cases);
        var active = cases.Take(count).Select(reference => new Answer(reference)).ToList();
        for (var row = 0; row < count; row++)
        {
            model.Engine.Prefill(row, active[row].Reference.PromptTokens, level: 0);
            active[row].Tokens.Add(model.Likeliest());
        }
        while (active.Count > 0)
        {
            DecodeTogether(model, active);
            for (var row = active.Count - 1; row >= 0; row--)
            {
                if (active[row].Tokens[^1] == 2)
                {
                    Assert.Equal(active[row].Reference.GreedyTokens, active[row].Tokens);
                    End(model, active, row);
                }
            }
        }
    }

    [Fact]
    public void The_rows_of_a_long_and_a_short_sequence_are_no_mixture()
    {
        var model = packages.Int4;
        var (longest, shortest) = (NanoReference.Cases.MaxBy(c => c.PromptTokens.Length)!,
            NanoReference.Cases.MinBy(c => c.PromptTokens.Length)!);
        model.Engine.Prefill(0, longest.PromptTokens, 0);
        var first = model.Likeliest();
        model.Engine.Prefill(1, shortest.PromptTokens, 0);
        var second = model.Likeliest();
        Assert.Equal((longest.GreedyTokens[0], shortest.GreedyTokens[0]), (first, second));

        model.Engine.Decode([first, second], [longest.PromptTokens.Length, shortest.PromptTokens.Length], 0);

        Assert.Equal((longest.GreedyTokens[1], shortest.GreedyTokens[1]), (model.Likeliest(0), model.Likeliest(1)));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(34)]
    public void Chunks_of_any_size_leave_what_one_extend_leaves(int seed)
    {
        output.WriteLine($"seed {seed}");
        var model = packages.Int4;
        var random = new Random(seed);
        var prompt = NanoReference.Cases.Where(c => c.PromptTokens.Length is > 40 and <= 128)
            .ElementAt(random.Next(3)).PromptTokens;
        var level = random.Next(model.Engine.LevelCount);
        model.Engine.Extend(0, prompt, 0, level);
        var whole = model.Engine.Logits(0).ToArray();

        model.Engine.Clear();
        for (var past = 0; past < prompt.Length;)
        {
            var count = Math.Min(random.Next(1, 33), prompt.Length - past);
            model.Engine.Extend(1, prompt.AsSpan(past, count), past, level);
            past += count;
        }

        Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), whole), 0, 2e-2f);
    }

    [Fact]
    public void An_extend_leaves_the_logits_of_each_of_its_last_tokens()
    {
        var model = packages.Int4;
        var prompt = NanoReference.Cases[0].PromptTokens;
        const int rows = 8;
        model.Engine.Extend(0, prompt, 0, 0, rows);
        var many = Enumerable.Range(0, rows).Select(row => model.Engine.Logits(row).ToArray()).ToArray();
        for (var row = 0; row < rows; row++)
        {
            model.Engine.Extend(1, prompt.AsSpan(0, prompt.Length - rows + row + 1), 0, 0);
            Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), many[row]), 0, 2e-2f);
        }
    }

    [Fact]
    public void A_step_beyond_the_context_is_refused_and_the_next_one_runs()
    {
        var model = packages.Int4;
        var full = model.Engine.Context;
        var error = Assert.Throws<EdgeAgent.Inference.InferenceException>(() => model.Engine.Decode([5], [full], 0));
        Assert.Equal(EdgeAgent.Inference.InferenceFault.ContextExceeded, error.Fault);
        Assert.Throws<EdgeAgent.Inference.InferenceException>(() => model.Engine.Extend(0, [5, 6], full - 1, 0));

        model.Engine.Decode([5], [full - 1], 0);
        Assert.Equal(NanoReference.Cases[0].GreedyTokens, model.Greedy(NanoReference.Cases[0].PromptTokens, 0, _ => 0));
    }

    private static void DecodeTogether(RunningModel model, List<Answer> active)
    {
        model.Engine.Decode(
            active.Select(answer => answer.Tokens[^1]).ToArray(),
            active.Select(answer => answer.Length - 1).ToArray(), 0);
        for (var row = 0; row < active.Count; row++)
        {
            active[row].Tokens.Add(model.Likeliest(row));
        }
    }

    /// <summary>The last sequence takes the row of the one that has ended.</summary>
    private static void End(RunningModel model, List<Answer> active, int row)
    {
        var last = active.Count - 1;
        if (row != last)
        {
            model.Engine.Move(last, row, active[last].Length - 1);
            active[row] = active[last];
        }
        active.RemoveAt(last);
    }

    private sealed class Answer(ReferenceCase reference)
    {
        public ReferenceCase Reference { get; } = reference;

        public List<int> Tokens { get; } = [];

        public int Length => Reference.PromptTokens.Length + Tokens.Count;
    }
}
