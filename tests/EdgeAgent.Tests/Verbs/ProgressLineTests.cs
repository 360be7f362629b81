using EdgeAgent.Verbs;

namespace EdgeAgent.Tests.Verbs;

/// <summary>A progress line says share, amount, rate and the time that is left.</summary>
public sealed class ProgressLineTests
{
    [Theory]
    [InlineData(30, 120, "MB", 6, "25 % (30 of 120 MB), 5.0 MB/s, 0:18 left")]
    [InlineData(600, 1000, "MB", 5, "60 % (600 of 1000 MB), 120 MB/s, 0:03 left")]
    [InlineData(1, 100, "", 60, "1 % (1 of 100), 0.0/s, 1:39:00 left")]
    [InlineData(5, 20, "s", 5, "25 % (5 of 20 s), 0:15 left")]
    [InlineData(7, 7, "tasks", 14, "100 % (7 of 7 tasks), 0.5 tasks/s, 0:00 left")]
    public void The_rate_is_what_was_done_in_the_time_and_the_rest_is_reckoned_with_it(
        long done, long total, string unit, int seconds, string expected) =>
        Assert.Equal(expected, ProgressLine.Figures(done, total, unit, TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "[........................]")]
    [InlineData(50, "[############............]")]
    [InlineData(99, "[#######################.]")]
    [InlineData(100, "[########################]")]
    public void The_bar_is_full_only_at_the_end(long done, string expected) =>
        Assert.Equal(expected, ProgressLine.Bar(done, 100));
}
