using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>The power mode on the folder of an Orin Nano that is in MAXN_SUPER (2), with 25W (1) below.</summary>
public sealed class PowerModeSwitchTests : IDisposable
{
    private readonly BoardFolder _board = new("jetson-orin-nano");
    private readonly FakeNvpmodel _fake;

    public PowerModeSwitchTests() => _fake = new FakeNvpmodel(_board, 2);

    public void Dispose()
    {
        _fake.Dispose();
        _board.Dispose();
    }

    [Fact]
    public async Task A_step_runs_nvpmodel_and_zero_steps_give_the_first_mode_back()
    {
        var modes = Switch();
        Assert.Equal((1, null), (modes.Steps, modes.Absence));
        Assert.Null(await Apply(modes, 0));
        Assert.Empty(_fake.Calls);
        Assert.Null(await Apply(modes, 1));
        Assert.Null(await Apply(modes, 7));
        Assert.Equal("pmode:0001", _fake.Mode);
        Assert.Equal("2 1", File.ReadAllText(Record).Trim());
        Assert.Null(await Apply(modes, 0));
        Assert.Equal("pmode:0002", _fake.Mode);
        Assert.Equal(["-m 1", "-m 2"], _fake.Calls);
        Assert.False(File.Exists(Record));
    }

    [Fact]
    public async Task A_mode_that_a_killed_agent_left_is_given_back_by_the_next()
    {
        await Apply(Switch(), 1);
        var next = Switch();
        Assert.Equal((1, null), (next.Steps, next.Absence));
        Assert.Null(await Apply(next, 0));
        Assert.Equal("pmode:0002", _fake.Mode);
        Assert.False(File.Exists(Record));
    }

    [Theory]
    [InlineData("2 3")]
    [InlineData("2")]
    [InlineData("99 1")]
    [InlineData("-2 1")]
    [InlineData("x\0y 1")]
    public async Task A_record_that_does_not_fit_the_board_is_not_followed(string record)
    {
        _board.Write("var/lib/nvpmodel/status", "pmode:0001");
        File.WriteAllText(Record, record);
        Assert.Null(await Apply(Switch(), 0));
        Assert.Empty(_fake.Calls);
        Assert.False(File.Exists(Record));
    }

    [Fact]
    public async Task A_record_does_not_outlive_a_mode_that_the_operator_chose_after_an_agent_was_killed()
    {
        await Apply(Switch(), 1);
        _board.Write("var/lib/nvpmodel/status", "pmode:0003");
        Assert.Null(await Apply(Switch(), 0));
        _board.Write("var/lib/nvpmodel/status", "pmode:0001");
        Assert.Null(await Apply(Switch(), 0));
        Assert.Equal("pmode:0001", _fake.Mode);
        Assert.Equal(["-m 1"], _fake.Calls);
    }

    [Fact]
    public async Task A_power_cut_between_two_lower_modes_leaves_a_record_of_both()
    {
        _board.Write("var/lib/nvpmodel/status", "pmode:0001");
        File.WriteAllText(Record, "2 3 1");
        Assert.Null(await Apply(Switch(), 0));
        Assert.Equal("pmode:0002", _fake.Mode);
        Assert.False(File.Exists(Record));
    }

    [Fact]
    public async Task A_call_that_the_agents_end_cuts_off_leaves_the_record_for_the_next_start()
    {
        var modes = Switch();
        await Apply(modes, 1);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Contains("next start", await modes.ApplyAsync(0, stop.Token), StringComparison.Ordinal);
        Assert.Equal(["-m 1"], _fake.Calls);
        Assert.Null(await Apply(Switch(), 0));
        Assert.Equal("pmode:0002", _fake.Mode);
    }

    [Fact]
    public async Task A_mode_that_somebody_else_chose_meanwhile_stays()
    {
        var modes = Switch();
        await Apply(modes, 1);
        _board.Write("var/lib/nvpmodel/status", "pmode:0000");
        Assert.Contains("has become 0, not by the agent", await Apply(modes, 0), StringComparison.Ordinal);
        Assert.Null(await Apply(modes, 1));
        Assert.Null(await Apply(modes, 0));
        Assert.Equal("pmode:0000", _fake.Mode);
        Assert.Equal(["-m 1"], _fake.Calls);
        Assert.False(File.Exists(Record));
    }

    [Theory]
    [InlineData("reboot", "Reboot required")]
    [InlineData("deaf", "has changed nothing")]
    public async Task A_call_that_fails_is_told_once_and_no_lower_mode_is_tried_again(string how, string fault)
    {
        var modes = Switch();
        _fake.Misbehave(how);
        Assert.Contains(fault, await Apply(modes, 1), StringComparison.Ordinal);
        Assert.Null(await Apply(modes, 1));
        Assert.Null(await Apply(modes, 0));
        Assert.Equal(["-m 1"], _fake.Calls);
        Assert.Equal("pmode:0002", _fake.Mode);
        Assert.False(File.Exists(Record));
    }

    [Fact]
    public async Task A_call_that_hangs_ends_with_its_time()
    {
        var modes = Switch();
        _fake.Misbehave("hang");
        var call = Apply(modes, 1);
        await _board.Clock.AdvanceAsync(PowerModeSwitch.LongestCall);
        Assert.Contains("has not ended within 8 s", await call, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("etc/nvpmodel.conf", null, "has no etc/nvpmodel.conf")]
    [InlineData("etc/nvpmodel.conf", "< POWER_MODEL ID=x >", "is not understood: line 1")]
    [InlineData("var/lib/nvpmodel/status", null, "names no mode")]
    [InlineData("var/lib/nvpmodel/status", "pmode:0009", "names no mode")]
    [InlineData("var/lib/nvpmodel/status", "pmode:-1", "names no mode")]
    [InlineData("var/lib/nvpmodel/status", "pmode:0003", "no mode below 7W")]
    public async Task Without_a_mode_to_switch_to_it_says_why(string path, string? text, string absence)
    {
        if (text is null)
        {
            _board.Kill(path);
        }
        else
        {
            _board.Write(path, text);
        }
        var modes = Switch();
        Assert.Contains(absence, modes.Absence, StringComparison.Ordinal);
        Assert.Equal(0, modes.Steps);
        Assert.Null(await Apply(modes, 1));
        Assert.Empty(_fake.Calls);
    }

    [Fact]
    public void A_table_larger_than_any_is_not_read()
    {
        _board.Write("etc/nvpmodel.conf", new string('#', BoardFiles.MaxFileBytes + 1));
        Assert.Contains("cannot be read", Switch().Absence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_is_found_by_absolute_folders_of_the_path_alone()
    {
        var folder = Path.GetDirectoryName(_fake.Program)!;
        Assert.Equal(_fake.Program, TimedProgram.Find("nvpmodel", $":.:/nowhere:{folder}"));
        Assert.Null(TimedProgram.Find("nvpmodel", ".:/nowhere"));
        Assert.Null(TimedProgram.Find("nvpmodel", null));
        Assert.Null(TimedProgram.Find($"{folder}/other", folder));
    }

    private string Record => Path.Combine(_fake.StateFolder, PowerModeSwitch.RecordFile);

    private static Task<string?> Apply(PowerModeSwitch modes, int steps) =>
        modes.ApplyAsync(steps, TestContext.Current.CancellationToken);

    private PowerModeSwitch Switch() => new(_board.Root, _fake.StateFolder, _board.Clock, _fake.Program);
}
