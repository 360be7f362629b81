using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>The clock limit on board folders; the minima are the boards' lowest operating points.</summary>
public sealed class ClockLimitTests : IDisposable
{
    private const string Pi5 = "sys/devices/system/cpu/cpufreq/policy0";

    private readonly BoardFolder _board = new("raspberry-pi-5");
    private readonly TemporaryFolder _runtime = new();

    public ClockLimitTests() => _board.Write($"{Pi5}/cpuinfo_min_freq", "1500000");

    public void Dispose()
    {
        _board.Dispose();
        _runtime.Dispose();
    }

    [Theory]
    [InlineData(0.75, 1800000)]
    [InlineData(0.7, 1680000)]
    [InlineData(0.2, 1500000)]
    [InlineData(0, 1500000)]
    [InlineData(-3, 1500000)]
    [InlineData(1, 2400000)]
    [InlineData(7, 2400000)]
    [InlineData(double.NaN, 2400000)]
    public void The_cap_is_a_share_of_the_highest_clock_and_never_below_the_lowest(double share, long kilohertz)
    {
        using var limit = new ClockLimit(_board.Root);
        Assert.Null(limit.Apply(share));
        Assert.Equal(kilohertz, Cap());
    }

    [Fact]
    public void The_cap_is_given_back_at_the_end_and_with_a_share_of_one()
    {
        var limit = new ClockLimit(_board.Root, _runtime.Path);
        limit.Apply(0.7);
        limit.Apply(1);
        Assert.Equal(2400000, Cap());
        limit.Apply(0.8);
        limit.Dispose();
        Assert.Equal(2400000, Cap());
        Assert.Empty(Directory.GetFiles(_runtime.Path));
    }

    [Fact]
    public void A_lower_cap_of_the_operator_stays_in_force_and_comes_back()
    {
        _board.Write($"{Pi5}/scaling_max_freq", "2000000");
        using (var limit = new ClockLimit(_board.Root))
        {
            limit.Apply(0.95);
            Assert.Equal(2000000, Cap());
            limit.Apply(0.7);
            Assert.Equal(1680000, Cap());
        }
        Assert.Equal(2000000, Cap());
    }

    [Fact]
    public void An_agent_after_one_that_was_killed_gives_back_what_stood_there_before_both()
    {
        new ClockLimit(_board.Root, _runtime.Path).Apply(0.7);
        Assert.Equal(1680000, Cap());
        var next = new ClockLimit(_board.Root, _runtime.Path);
        next.Apply(0.9);
        Assert.Equal(2160000, Cap());
        next.Dispose();
        Assert.Equal(2400000, Cap());
    }

    [Fact]
    public void A_cap_that_a_killed_agent_left_is_given_back_even_by_one_that_never_caps()
    {
        new ClockLimit(_board.Root, _runtime.Path).Apply(0.7);
        new ClockLimit(_board.Root, _runtime.Path).Dispose();
        Assert.Equal(2400000, Cap());
    }

    [Theory]
    [InlineData("policy0 99999999999")]
    [InlineData("policy0 -5")]
    [InlineData("policy0 10")]
    [InlineData("policy0")]
    [InlineData("policy9 1700000\n\0\0 8")]
    public void A_record_that_makes_no_sense_is_not_followed(string record)
    {
        File.WriteAllText(Path.Combine(_runtime.Path, ClockLimit.RecordFile), record);
        using (var limit = new ClockLimit(_board.Root, _runtime.Path))
        {
            limit.Apply(0.7);
        }
        Assert.Equal(2400000, Cap());
    }

    [Fact]
    public void Without_a_change_nothing_is_written()
    {
        using var limit = new ClockLimit(_board.Root, _runtime.Path);
        limit.Apply(1);
        Assert.Empty(Directory.GetFiles(_runtime.Path));
        limit.Apply(0.7);
        _board.Write($"{Pi5}/scaling_max_freq", "1234567");
        limit.Apply(0.7);
        Assert.Equal(1234567, Cap());
    }

    [Fact]
    public void A_board_that_refuses_the_value_is_told_of_once_and_again_after_it_took_one()
    {
        using var limit = new ClockLimit(_board.Root);
        _board.Break($"{Pi5}/scaling_max_freq");
        Assert.Contains($"{Pi5}/scaling_max_freq cannot be written", limit.Apply(0.7), StringComparison.Ordinal);
        Assert.Null(limit.Apply(0.7));
        Assert.Null(limit.Apply(0.8));
        _board.Kill($"{Pi5}/scaling_max_freq");
        _board.Write($"{Pi5}/scaling_max_freq", "2400000");
        Assert.Null(limit.Apply(0.8));
        Assert.Equal(1920000, Cap());
        _board.Break($"{Pi5}/scaling_max_freq");
        Assert.NotNull(limit.Apply(0.7));
        _board.Kill($"{Pi5}/scaling_max_freq");
        _board.Write($"{Pi5}/scaling_max_freq", "2400000");
    }

    [Fact]
    public void Every_cluster_is_capped_at_the_share_of_its_own_highest_clock()
    {
        using var board = new BoardFolder("jetson-orin-nano");
        var folder = "sys/devices/system/cpu/cpufreq";
        board.Write($"{folder}/policy0/cpuinfo_min_freq", "115200");
        board.Write($"{folder}/policy4/cpuinfo_min_freq", "115200");
        board.Write($"{folder}/policy4/cpuinfo_max_freq", "1000000");
        board.Write($"{folder}/policy4/scaling_max_freq", "1000000");
        using var limit = new ClockLimit(board.Root);
        limit.Apply(0.5);
        Assert.Equal(("755200", "500000"), (
            File.ReadAllText(Path.Combine(board.Root, folder, "policy0/scaling_max_freq")).Trim(),
            File.ReadAllText(Path.Combine(board.Root, folder, "policy4/scaling_max_freq")).Trim()));
    }

    [Fact]
    public void A_link_that_leaves_the_root_is_not_followed()
    {
        var outside = Path.Combine(_runtime.Path, "victim");
        File.WriteAllText(outside, "2400000");
        using var limit = new ClockLimit(_board.Root);
        _board.Kill($"{Pi5}/scaling_max_freq");
        File.CreateSymbolicLink(Path.Combine(_board.Root, Pi5, "scaling_max_freq"), outside);
        Assert.NotNull(limit.Apply(0.7));
        Assert.Equal("2400000", File.ReadAllText(outside));
    }

    [Fact]
    public void A_board_without_a_clock_has_nothing_to_cap()
    {
        _board.Kill("sys/devices/system/cpu/cpufreq");
        using var limit = new ClockLimit(_board.Root);
        Assert.False(limit.IsThere);
        Assert.Null(limit.Apply(0.5));
    }

    private long Cap() => long.Parse(
        File.ReadAllText(Path.Combine(_board.Root, Pi5, "scaling_max_freq")),
        System.Globalization.CultureInfo.InvariantCulture);
}
