using System.Text;
using EdgeAgent.Sensors;

namespace EdgeAgent.Tests.Sensors;

/// <summary>The text of `pmic_read_adc`, as published and as nobody should send it.</summary>
public sealed class PowerRailsTests
{
    private const string Good = "VDD_CORE_A current(7)=2A\nVDD_CORE_V volt(15)=0.9V\n";

    private static readonly string[] s_published = ["busy", "light"];

    private readonly PowerRails _rails = new();

    [Theory]
    [InlineData("busy", "3v7_wl_sw", 0, 3.799996)]
    [InlineData("busy", "vdd_core", 10.87674, 0.8974594)]
    [InlineData("busy", "0v8_aon", 0.00579975, 0.7973619)]
    [InlineData("busy", "ext5v", double.NaN, 5.06788)]
    [InlineData("light", "ddr_vddq", 0.029412, 0.6054939)]
    [InlineData("light", "hdmi", 0.017094, 4.9044)]
    [InlineData("light", "batt", double.NaN, 2.505126)]
    public void A_published_answer_gives_current_and_voltage_by_name(
        string answer, string name, double amperes, double volts)
    {
        Assert.True(Take(Published(answer)));
        Assert.Equal(14, _rails.Rails.Count);
        var rail = Assert.Single(_rails.Rails, rail => rail.Name == name);
        Assert.Equal((amperes, volts), (rail.Amperes, rail.Volts));
        Assert.Equal(!double.IsNaN(amperes), rail.HasCurrent);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n \n")]
    [InlineData("error=1 error_msg=\"Command not registered\"")]
    [InlineData("pmic_read_adc")]
    [InlineData(Good + "VDD_CORE_A current(7)=2A\n")] // twice
    [InlineData(Good + "X_A volt(1)=2A\n")] // the quantity of another line
    [InlineData(Good + "X_V volt(1)=2A\n")] // the unit of another line
    [InlineData(Good + "X_V current(1)=2A\n")]
    [InlineData(Good + "X current(1)=2A\n")]
    [InlineData(Good + "_A current(1)=2A\n")] // no name
    [InlineData(Good + "x_A current(1)=2A\n")]
    [InlineData(Good + "X/Y_A current(1)=2A\n")]
    [InlineData(Good + "\u001bX_A current(1)=2A\n")]
    [InlineData(Good + "A234567890123456789012345_A current(1)=2A\n")] // 25 characters
    [InlineData(Good + "X_A current=2A\n")]
    [InlineData(Good + "X_A current()=2A\n")]
    [InlineData(Good + "X_A current(=2A\n")]
    [InlineData(Good + "X_A current(-1)=2A\n")]
    [InlineData(Good + "X_A current(1000)=2A\n")]
    [InlineData(Good + "X_A current(1)2A\n")]
    [InlineData(Good + "X_A=current(1) 2A\n")]
    [InlineData(Good + "X_A current(1)=A\n")]
    [InlineData(Good + "X_A current(1)=-A\n")]
    [InlineData(Good + "X_A current(1)=1.2.3A\n")]
    [InlineData(Good + "X_A current(1)=1e9A\n")]
    [InlineData(Good + "X_A current(1)=NaNA\n")]
    [InlineData(Good + "X_A current(1)=InfinityA\n")]
    [InlineData(Good + "X_A current(1)= 2A\n")]
    [InlineData(Good + "X_A current(1)=123456789012345678901A\n")] // 21 digits
    [InlineData(Good + "X_A current(1)=2\n")]
    [InlineData(Good + "X_A current(1)=2A X_V volt(2)=1V\n")]
    public void A_text_with_one_bad_line_is_refused_as_a_whole(string text)
    {
        Assert.True(Take("KNOWN_A current(1)=1A\nKNOWN_V volt(2)=1V"));
        Assert.False(Take(text));
        // What was known is still known by name, and has no value.
        var rail = Assert.Single(_rails.Rails);
        Assert.Equal(("known", true), (rail.Name, rail.HasCurrent));
        Assert.True(double.IsNaN(rail.Amperes) && double.IsNaN(rail.Volts));
    }

    [Fact]
    public void More_rails_than_a_chip_can_have_are_refused()
    {
        var lines = Enumerable.Range(0, PowerRails.MaxRails).Select(i => $"R{i}_V volt(1)=1V").ToList();
        Assert.True(Take(string.Join('\n', lines)));
        Assert.False(Take(string.Join('\n', lines.Append("MORE_V volt(1)=1V"))));
    }

    [Fact]
    public void A_rail_that_is_no_longer_named_is_forgotten()
    {
        Assert.True(Take(Good + "X_V volt(1)=1V"));
        Assert.True(Take(Good));
        Assert.Equal("vdd_core", Assert.Single(_rails.Rails).Name);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_change_of_a_published_answer_throws_or_gives_a_value_without_its_line(int seed)
    {
        var random = new Random(seed);
        var originals = s_published.Select(name => Encoding.ASCII.GetBytes(Published(name))).ToArray();
        var taken = 0;
        for (var i = 0; i < 5000; i++)
        {
            var text = Changed(random, originals[random.Next(originals.Length)]);
            var isTaken = _rails.TryTake(text);
            var where = $"seed {seed}, text {i}";
            taken += isTaken ? 1 : 0;
            Assert.True(_rails.Rails.Count <= PowerRails.MaxRails, where);
            foreach (var rail in _rails.Rails)
            {
                Assert.Matches("^[a-z0-9_]{1,24}$", rail.Name);
                Assert.False(double.IsInfinity(rail.Amperes) || double.IsInfinity(rail.Volts), where);
                var hasValue = !double.IsNaN(rail.Amperes) || !double.IsNaN(rail.Volts);
                Assert.True(hasValue == isTaken, where);
                if (isTaken)
                {
                    var all = Encoding.Latin1.GetString(text);
                    Assert.True(double.IsNaN(rail.Amperes) || Has(all, rail.Name, "_A"), where);
                    Assert.True(double.IsNaN(rail.Volts) || Has(all, rail.Name, "_V"), where);
                }
            }
        }
        // Both ways were gone.
        Assert.InRange(taken, 50, 4950);
    }

    internal static string Published(string answer) => File.ReadAllText(
        Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/pmic", answer + ".txt"));

    private static bool Has(string text, string name, string ending) =>
        text.Contains($"{name.ToUpperInvariant()}{ending} ", StringComparison.Ordinal);

    private static byte[] Changed(Random random, byte[] original)
    {
        var text = original.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && text.Count > 0; changes--)
        {
            var at = random.Next(text.Count);
            switch (random.Next(5))
            {
                case 0:
                    text[at] = (byte)random.Next(256);
                    break;
                case 1:
                    text[at] = (byte)"\n =().-_AV0129"[random.Next(14)];
                    break;
                case 2:
                    text.RemoveRange(at, Math.Min(random.Next(1, 80), text.Count - at));
                    break;
                case 3:
                    text.InsertRange(at, original.AsSpan(random.Next(original.Length)).ToArray().Take(40));
                    break;
                default:
                    text.RemoveRange(at, text.Count - at);
                    break;
            }
        }
        return [.. text];
    }

    private bool Take(string text) => _rails.TryTake(Encoding.Latin1.GetBytes(text));
}
