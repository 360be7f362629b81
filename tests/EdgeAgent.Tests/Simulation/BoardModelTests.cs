using EdgeAgent.Simulation;

namespace EdgeAgent.Tests.Simulation;

/// <summary>The boards stay at the published measurements that docs/decisions/0006-board-model.md names.</summary>
public sealed class BoardModelTests
{
    [Theory]
    [InlineData(1.5e9, 4.34, 22.67)]
    [InlineData(1.8e9, 5.07, 25.14)]
    [InlineData(2.1e9, 5.93, 25.41)]
    [InlineData(2.4e9, 6.68, 26.74)]
    public void A_pi_5_draws_and_decodes_as_measured_at_each_clock(double hertz, double watts, double tokens)
    {
        Assert.Equal(watts, Boards.Pi5.BusyWatts(hertz), 2);
        Assert.InRange(1 / Boards.Pi5.TokenSeconds(398e6, hertz), tokens * 0.96, tokens * 1.04);
    }

    [Fact]
    public void A_bare_pi_5_idles_at_50_degrees_and_throttles_within_5_minutes_of_load()
    {
        var board = new BoardState(Boards.Pi5, 23);
        Assert.InRange(board.SocCelsius, 49, 51);
        var seconds = Heat(board, 2.4e9, 600, until: 80);
        Assert.InRange(seconds, 150, 300);
    }

    [Fact]
    public void A_bare_pi_5_comes_under_control_near_1500_megahertz()
    {
        var board = new BoardState(Boards.Pi5, 23);
        Heat(board, 2.4e9, 7200, until: 200);
        Assert.InRange(board.SocCelsius, 82, 86);
        Assert.InRange(board.KernelHertz, 1.2e9, 1.8e9);
    }

    [Fact]
    public void A_pi_5_in_a_passive_case_settles_at_63_degrees_without_throttling()
    {
        var board = new BoardState(Boards.Pi5Case, 21);
        Heat(board, 2.4e9, 7200, until: 200);
        Assert.InRange(board.SocCelsius, 61.5, 64);
        Assert.False(board.IsThrottled);
    }

    [Fact]
    public void An_orin_nano_at_7_watts_settles_at_90_degrees_in_35_degrees_and_throttles_at_99()
    {
        var board = new BoardState(Boards.OrinNano, 35);
        Heat(board, 1.1264e9, 4 * 3600, until: 200);
        Assert.InRange(board.SocCelsius, 88, 91);
        Assert.False(board.IsThrottled);
        board = new BoardState(Boards.OrinNano, 55);
        Heat(board, 1.1264e9, 4 * 3600, until: 200);
        Assert.True(board.IsThrottled);
    }

    // Seconds of full load until a temperature, with the clock that the board allows.
    private static double Heat(BoardState board, double hertz, double seconds, double until)
    {
        for (var at = 0.0; at < seconds; at += 0.1)
        {
            if (board.SocCelsius >= until)
            {
                return at;
            }
            board.Step(Math.Min(hertz, board.KernelHertz), 1, 0.1);
        }
        return seconds;
    }
}
