using EdgeAgent.Hosting;

namespace EdgeAgent.Tests.Hosting;

public sealed class LoopBeatsTests
{
    [Fact]
    public void A_beat_allocates_nothing()
    {
        var beat = new LoopBeats(null).Register("inference");
        beat.Beat();
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++)
        {
            beat.Beat();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData(30.0, 5.0)]
    [InlineData(3.0, 0.5)]
    [InlineData(3600.0, 5.0)]
    [InlineData(null, 5.0)]
    public void An_idle_loop_waits_a_sixth_of_the_watchdog_interval_and_never_over_five_seconds(
        double? interval, double longest)
    {
        var beats = new LoopBeats(interval is { } seconds ? TimeSpan.FromSeconds(seconds) : null);

        Assert.Equal(TimeSpan.FromSeconds(longest), beats.LongestSilence);
    }

    [Fact]
    public void Loops_may_register_and_end_on_many_threads_at_once()
    {
        var beats = new LoopBeats(null);

        Parallel.For(0, 200, i =>
        {
            var beat = beats.Register($"loop {i}");
            if (i % 2 == 0)
            {
                beat.End();
            }
        });

        Assert.Equal(100, beats.Loops.Length);
    }
}
