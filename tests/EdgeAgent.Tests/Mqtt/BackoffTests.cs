using EdgeAgent.Mqtt;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>How long to wait between two attempts.</summary>
public sealed class BackoffTests
{
    [Fact]
    public void Waits_lie_between_nothing_and_a_ceiling_that_doubles_up_to_its_maximum()
    {
        var longest = new double[10];
        for (var seed = 0; seed < 500; seed++)
        {
            var backoff = new Backoff(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30), seed);
            for (var i = 0; i < longest.Length; i++)
            {
                longest[i] = Math.Max(longest[i], backoff.Next().TotalSeconds);
            }
        }
        double[] ceilings = [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30];
        Assert.All(ceilings.Zip(longest), pair => Assert.InRange(pair.Second, pair.First * 0.95, pair.First));
    }

    [Fact]
    public void Waits_differ_between_agents_and_repeat_with_a_seed()
    {
        static TimeSpan[] Waits(int seed)
        {
            var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), seed);
            return [backoff.Next(), backoff.Next(), backoff.Next()];
        }
        Assert.Equal(Waits(1), Waits(1));
        Assert.NotEqual(Waits(1), Waits(2));
    }

    [Fact]
    public void Waits_start_over_after_a_connection_that_held()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), 3);
        for (var i = 0; i < 20; i++)
        {
            backoff.Next();
        }
        backoff.Reset();
        Assert.InRange(backoff.Next(), TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
    }
}
