using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Pruning;
using EdgeAgent.Tests.Simulators;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Serving;

/// <summary>The clock follows the plan where the operator allows it, and comes back at the end.</summary>
public sealed class ClockWorkerTests : IDisposable
{
    private const string Policy = "sys/devices/system/cpu/cpufreq/policy0";

    private readonly BoardFolder _board = new("raspberry-pi-5");

    public void Dispose() => _board.Dispose();

    [Fact]
    public async Task A_hot_board_gets_a_lower_clock_and_its_own_one_back_when_the_agent_stops()
    {
        _board.Write($"{Policy}/cpuinfo_min_freq", "600000");
        var stop = TestContext.Current.CancellationToken;
        var options = new GovernorOptions { Means = GovernorMeans.Clock | GovernorMeans.Pace };
        var governor = new Governor(GovernorLimits.From(options, GovernorBench.Nano, _board.Clock), _board.Clock);
        var worker = new ClockWorker(
            governor, new ClockLimit(_board.Root), NullLogger<ClockWorker>.Instance);
        await worker.StartAsync(stop);
        using var reader = _board.Reader();

        _board.Heat(50);
        governor.Update(_board.ReadAfter(reader, 1));
        Assert.Equal("2400000", Cap());
        _board.Heat(86);
        for (var i = 0; i < 20; i++)
        {
            governor.Update(_board.ReadAfter(reader, 1, load: 1));
        }
        Assert.InRange(governor.Plan.ClockShare, 0.5, 0.99);
        Assert.Equal((long)(2400000 * governor.Plan.ClockShare), long.Parse(Cap(), null));

        await worker.StopAsync(stop);
        Assert.Equal("2400000", Cap());
        _board.Heat(60);
        governor.Update(_board.ReadAfter(reader, 1));
        Assert.Equal("2400000", Cap());
    }

    private string Cap() => File.ReadAllText(Path.Combine(_board.Root, Policy, "scaling_max_freq")).Trim();
}
