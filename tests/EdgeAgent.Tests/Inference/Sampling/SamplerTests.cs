using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;

namespace EdgeAgent.Tests.Inference.Sampling;

/// <summary>The sampler draws what a plain sorted implementation says it should.</summary>
public sealed class SamplerTests(ITestOutputHelper output)
{
    private const int Draws = 4000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Frequencies_are_those_of_a_sorted_reference(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 12; round++)
        {
            var logits = Logits(random, random.Next(2, 300));
            var options = new SamplingOptions
            {
                Temperature = 0.2f + (1.8f * random.NextSingle()),
                TopP = round % 3 == 0 ? 1 : random.NextSingle(),
                TopK = round % 2 == 0 ? 0 : random.Next(1, 2 * logits.Length),
                Seed = random.NextInt64(),
            };
            var expected = SortedSampling.Probabilities(logits, options);
            var counts = new int[logits.Length];
            var sampler = new Sampler(options, logits.Length);
            for (var i = 0; i < Draws; i++)
            {
                counts[sampler.Sample(logits)]++;
            }
            for (var id = 0; id < counts.Length; id++)
            {
                // Five standard deviations of a binomial count, and a little for single precision at the cut.
                var bound = (5 * Math.Sqrt(Draws * expected[id] * (1 - expected[id]))) + (expected[id] == 0 ? 0 : 2);
                Assert.True(Math.Abs(counts[id] - (Draws * expected[id])) <= bound,
                    $"{options}: id {id} of {counts.Length} drawn {counts[id]} times, not {Draws * expected[id]:0.0}");
            }
        }
    }

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    public void The_kept_set_is_that_of_a_sorted_reference(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var logits = Logits(random, random.Next(1, 40));
            var options = new SamplingOptions
            {
                // Hot, so that every kept token is drawn soon.
                Temperature = 2,
                TopP = random.Next(3) == 0 ? 1 : random.NextSingle(),
                TopK = random.Next(2) == 0 ? 0 : random.Next(1, 50),
                Seed = round,
            };
            var flat = logits.Select(logit => logit / 8).ToArray();
            var expected = SortedSampling.Probabilities(flat, options);
            var drawn = new HashSet<int>();
            var sampler = new Sampler(options, flat.Length);
            for (var i = 0; i < 400; i++)
            {
                drawn.Add(sampler.Sample(flat));
            }
            Assert.All(drawn, id =>
                Assert.True(expected[id] > 0, $"round {round}, {options}: {id} lies outside the cut"));
        }
    }

    [Theory]
    [InlineData(3, 1f, 3)]
    [InlineData(0, 0.5f, 2)]
    [InlineData(0, 0.26f, 2)]
    [InlineData(0, 0.25f, 1)]
    [InlineData(0, 0.99f, 4)]
    [InlineData(3, 0.5f, 2)]
    public void Equal_logits_are_cut_by_their_number_alone(int topK, float topP, int kept)
    {
        float[] logits = [1, 1, 1, 1];
        var sampler = new Sampler(new SamplingOptions { Temperature = 1, TopK = topK, TopP = topP, Seed = 5 }, 4);
        Assert.Equal(kept, Enumerable.Range(0, 500).Select(_ => sampler.Sample(logits)).Distinct().Count());
    }

    [Fact]
    public void A_top_p_of_zero_leaves_the_likeliest_token()
    {
        var random = new Random(9);
        for (var round = 0; round < 200; round++)
        {
            var logits = Logits(random, 200);
            var sampler = new Sampler(new SamplingOptions { Temperature = 2, TopP = 0, Seed = round }, logits.Length);
            Assert.Equal(logits.Max(), logits[sampler.Sample(logits)]);
        }
    }

    [Fact]
    public void A_top_k_beyond_the_vocabulary_changes_nothing()
    {
        var logits = Logits(new Random(10), 100);
        var (bounded, free) = (Tokens(new() { Temperature = 1, TopK = 1_000_000, Seed = 3 }),
            Tokens(new() { Temperature = 1, Seed = 3 }));
        Assert.Equal(free, bounded);

        int[] Tokens(SamplingOptions options)
        {
            var sampler = new Sampler(options, logits.Length);
            return [.. Enumerable.Range(0, 200).Select(_ => sampler.Sample(logits))];
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_tokens_and_another_seed_others()
    {
        var logits = Logits(new Random(11), 500);
        int[] Tokens(long seed)
        {
            var sampler = new Sampler(
                new SamplingOptions { Temperature = 1.5f, TopP = 0.95f, TopK = 200, Seed = seed }, 500);
            return [.. Enumerable.Range(0, 100).Select(_ => sampler.Sample(logits))];
        }
        Assert.Equal(Tokens(77), Tokens(77));
        Assert.NotEqual(Tokens(77), Tokens(78));
        Assert.NotEqual(Tokens(77), Tokens(77 + (1L << 33)));
    }

    [Fact]
    public void Temperature_zero_takes_the_likeliest_whatever_else_is_asked()
    {
        var logits = Logits(new Random(12), 300);
        var sampler = new Sampler(new SamplingOptions { TopK = 5, TopP = 0.1f, Seed = 1 }, logits.Length);
        Assert.Equal(Array.IndexOf(logits, logits.Max()), sampler.Sample(logits));
    }

    [Fact]
    public void Masked_logits_are_never_drawn()
    {
        float[] logits = [float.NegativeInfinity, 0, float.NegativeInfinity, -1];
        var sampler = new Sampler(new SamplingOptions { Temperature = 2, TopP = 0.999f, Seed = 1 }, logits.Length);
        Assert.All(Enumerable.Range(0, 500), _ => Assert.True(sampler.Sample(logits) is 1 or 3));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Logits_that_are_no_numbers_are_an_error(float broken)
    {
        float[] logits = [0, broken, 1];
        Assert.Throws<InferenceException>(() => new Sampler(new SamplingOptions(), 3).Sample(logits));
        Assert.Throws<InferenceException>(() => new Sampler(new SamplingOptions { Temperature = 1 }, 3).Sample(logits));
    }

    /// <summary>
    /// Logits with a clear top and a long tail, no two alike: which of two equal ones is kept is free.
    /// </summary>
    private static float[] Logits(Random random, int count) => [.. Enumerable.Range(0, count)
        .Select(id => (random.NextSingle() * random.NextSingle() * 12) - 4 + (id * 1e-4f))];
}
