using System.Text;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Hosting;

namespace EdgeAgent.Tests.Sensors;

/// <summary>Which modes of a Jetson may be chosen: clocks and nothing else, never higher.</summary>
public sealed class PowerModeTableTests
{
    private const string OrinNano = "tests/EdgeAgent.Tests/Fixtures/boards/jetson-orin-nano/etc/nvpmodel.conf";

    [Theory]
    [InlineData(2, "25W")] // not 7W: it switches cores and GPU units off, and wants a restart
    [InlineData(1, "")] // 15W has a higher clock of the processors
    [InlineData(0, "")]
    [InlineData(3, "")]
    public void A_lower_mode_only_takes_clocks_back(int from, string below)
    {
        var table = Table(File.ReadAllText(Path.Combine(Repository.Root, OrinNano)));
        Assert.Equal(
            ["15W", "25W", "MAXN_SUPER", "7W"], Enumerable.Range(0, 4).Select(number => table.Find(number)!.Name));
        Assert.Equal(below, string.Join(' ', table.Below(table.Find(from)!).Select(mode => mode.Name)));
    }

    [Fact]
    public void Steps_go_down_one_after_the_other_with_the_highest_clocks_first()
    {
        var table = Table(Mode(0, "2000 1000") + Mode(1, "1000 500") + Mode(2, "1800 1000") + Mode(3, "1800 400")
            + Mode(4, "1000 500"));
        Assert.Equal([2, 3], table.Below(table.Find(0)!).Select(mode => mode.Number));
    }

    [Theory]
    [InlineData("FBP_POWER_GATING FBP_PG_MASK 3")]
    [InlineData("CPU_ONLINE CORE_1 0")]
    [InlineData("CPU MIN_FREQ 900")]
    [InlineData("EMC MAX_FREQ 2000")]
    [InlineData("EMC MAX_FREQ 0")]
    [InlineData("CPU MAX_FREQ 9999999999999999999")]
    [InlineData("CPU MAX_FREQ -7")]
    [InlineData("CPU MAX_FREQ low")]
    [InlineData("NEW KNOB 1")]
    [InlineData("NEW MAX_FREQ 1")]
    public void A_mode_that_changes_anything_else_is_never_chosen(string setting)
    {
        const string Common =
            "FBP_POWER_GATING FBP_PG_MASK 2\nCPU_ONLINE CORE_1 1\nCPU MIN_FREQ 800\nEMC MAX_FREQ 1600\n";
        var knob = setting[..setting.LastIndexOf(' ')];
        var lower = Common + "GPU MAX_FREQ 400\nCPU MAX_FREQ 1000\n";
        var changed = string.Join('\n', lower.Split('\n').Where(line => !line.StartsWith(knob + " ")));
        Assert.Single(Below(lower));
        Assert.Empty(Below($"{changed}\n{setting}\n"));

        IReadOnlyList<PowerMode> Below(string second)
        {
            var table = Table($"< POWER_MODEL ID=0 NAME=A >\n{Common}GPU MAX_FREQ 500\nCPU MAX_FREQ 2000\n"
                + $"< POWER_MODEL ID=1 NAME=B >\n{second}< PM_CONFIG DEFAULT=0 >\nGPU MAX_FREQ 7\n");
            return table.Below(table.Find(0)!);
        }
    }

    [Theory]
    [InlineData("", "names no mode")]
    [InlineData("< POWER_MODEL ID=x NAME=A >", "line 1: no mode of the form")]
    [InlineData("< POWER_MODEL ID=10000 NAME=A >", "line 1: no mode of the form")]
    [InlineData("< POWER_MODEL NAME=A ID=1 >", "line 1: no mode of the form")]
    [InlineData("< POWER_MODEL ID=1 NAME=A", "line 1: no mode of the form")]
    [InlineData("< POWER_MODEL ID=1 NAME=A >\n\n< POWER_MODEL ID=1 NAME=B >", "line 3: mode 1 is there twice")]
    [InlineData("< POWER_MODEL ID=1 NAME=A >\nGPU MAX_FREQ", "line 2: a setting has")]
    [InlineData("< POWER_MODEL ID=1 NAME=A >\nGPU MAX_FREQ 1\nGPU MAX_FREQ 2", "line 3: GPU MAX_FREQ is set twice")]
    [InlineData("# caf\u00e9\n\u00e9", "line 2 is longer than 256 characters or no plain text")]
    public void A_file_that_is_not_understood_gives_no_mode_and_says_where(string text, string fault)
    {
        Assert.Null(PowerModeTable.TryRead(Encoding.UTF8.GetBytes(text), out var found));
        Assert.Contains(fault, found, StringComparison.Ordinal);
    }

    [Fact]
    public void Modes_settings_and_lines_have_limits()
    {
        var many = string.Concat(Enumerable.Range(0, PowerModeTable.MaxModes + 1).Select(i => Mode(i, "2 1")));
        var wide = Mode(0, "2 1") + string.Concat(
            Enumerable.Range(0, PowerModeTable.MaxSettings).Select(i => $"K{i} A 1\n"));
        Assert.Null(PowerModeTable.TryRead(Encoding.ASCII.GetBytes(many), out _));
        Assert.Null(PowerModeTable.TryRead(Encoding.ASCII.GetBytes(wide), out _));
        Assert.Null(PowerModeTable.TryRead(Encoding.ASCII.GetBytes(new string('a', 300)), out _));
    }

    [Fact]
    public void Any_bytes_give_a_table_or_a_fault()
    {
        const int Seed = 61;
        var random = new Random(Seed);
        var good = File.ReadAllBytes(Path.Combine(Repository.Root, OrinNano));
        for (var i = 0; i < 3000; i++)
        {
            var bytes = (byte[])good.Clone();
            for (var n = random.Next(1, 8); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            var table = PowerModeTable.TryRead(bytes.AsSpan(0, random.Next(bytes.Length + 1)), out var fault);
            Assert.True(table is null == fault is not null, $"seed {Seed}, round {i}");
            for (var number = 0; number < 4; number++)
            {
                Assert.True(
                    table?.Find(number) is not { } mode || table.Below(mode).Count < PowerModeTable.MaxModes,
                    $"seed {Seed}, round {i}");
            }
        }
    }

    private static string Mode(int number, string clocks) =>
        $"< POWER_MODEL ID={number} NAME=M{number} >\nCPU MAX_FREQ {clocks.Split(' ')[0]}\n"
        + $"GPU MAX_FREQ {clocks.Split(' ')[1]}\n";

    private static PowerModeTable Table(string text)
    {
        var table = PowerModeTable.TryRead(Encoding.ASCII.GetBytes(text), out var fault);
        Assert.Null(fault);
        return table!;
    }
}
