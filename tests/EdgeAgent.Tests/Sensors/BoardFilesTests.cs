using System.Text;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Sensors;

/// <summary>Bounds of what is read below the sensors root.</summary>
public sealed class BoardFilesTests : IDisposable
{
    private readonly BoardFolder _board = new("raspberry-pi-4");

    public void Dispose() => _board.Dispose();

    [Fact]
    public void A_link_that_leaves_the_root_is_not_followed()
    {
        var outside = Directory.CreateTempSubdirectory("edge-agent-outside");
        try
        {
            File.WriteAllText(Path.Combine(outside.FullName, "temp"), "99000\n");
            File.CreateSymbolicLink(Path.Combine(_board.Root, "file"), Path.Combine(outside.FullName, "temp"));
            Directory.CreateSymbolicLink(Path.Combine(_board.Root, "folder"), outside.FullName);
            var files = new BoardFiles(_board.Root);
            Assert.Equal(FileState.Failed, files.Read(files.File("file"), out _));
            Assert.Equal(FileState.Failed, files.Read(files.File("folder/temp"), out _));
            Assert.Empty(files.Names("folder", "", 10));
            Assert.False(files.Exists("file"));
        }
        finally
        {
            outside.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_link_that_stays_inside_is_followed_as_sysfs_needs_it()
    {
        Directory.CreateSymbolicLink(Path.Combine(_board.Root, "zone"),
            Path.Combine(_board.Root, "sys/class/thermal/thermal_zone0"));
        Assert.Equal(48686, new BoardFiles(_board.Root).Number("zone/temp"));
    }

    [Fact]
    public void A_file_of_more_than_64_kibibytes_fails_unless_its_first_part_is_enough()
    {
        File.WriteAllBytes(Path.Combine(_board.Root, "large"), new byte[BoardFiles.MaxFileBytes + 1]);
        File.WriteAllBytes(Path.Combine(_board.Root, "full"), new byte[BoardFiles.MaxFileBytes]);
        var files = new BoardFiles(_board.Root);
        Assert.Equal(FileState.Failed, files.Read(files.File("large"), out _));
        Assert.Equal(FileState.Read, files.Read(files.File("large"), out var bytes, firstPartIsEnough: true));
        Assert.Equal(BoardFiles.MaxFileBytes, bytes.Length);
        Assert.Equal(FileState.Read, files.Read(files.File("full"), out _));
    }

    [Fact]
    public void A_file_that_is_not_there_is_absent_and_one_that_cannot_be_read_has_failed()
    {
        var files = new BoardFiles(_board.Root);
        Assert.Equal(FileState.Absent, files.Read(files.File("sys/none"), out _));
        Assert.Equal(FileState.Absent, files.Read(files.File("none/at/all"), out _));
        Assert.Equal(FileState.Failed, files.Read(files.File("sys"), out _));
    }

    [Fact]
    public void Names_come_in_the_order_of_their_numbers_and_no_more_than_wanted()
    {
        foreach (var i in new[] { 10, 2, 1 })
        {
            _board.Write($"sys/class/thermal/thermal_zone{i}/type", "x");
        }
        Assert.Equal(
            ["thermal_zone0", "thermal_zone1", "thermal_zone2"],
            new BoardFiles(_board.Root).Names("sys/class/thermal", "thermal_zone", 3));
    }

    [Theory]
    [InlineData("Package id 0", "package_id_0")]
    [InlineData("cpu-thermal", "cpu_thermal")]
    [InlineData("  VDD_IN\n", "vdd_in")]
    [InlineData("温度", "unnamed")]
    [InlineData("a--b", "a_b")]
    public void A_drivers_name_becomes_a_part_of_ours(string text, string name) =>
        Assert.Equal(name, TextNumbers.Snake(text));

    [Theory]
    [InlineData("42\n", 42L)]
    [InlineData(" -7 ", -7L)]
    [InlineData("32760 ma", 32760L)]
    [InlineData("", null)]
    [InlineData("4x", null)]
    [InlineData("99999999999999999999", null)]
    public void A_number_is_the_first_word_or_nothing(string text, long? value) =>
        Assert.Equal(value, TextNumbers.TryInteger(Encoding.UTF8.GetBytes(text), out var number) ? number : null);

    [Theory]
    [InlineData(10, 30, 100, 20e-6)]
    [InlineData(90, 10, 100, 20e-6)]
    public void An_energy_counter_wraps_at_its_range(long before, long now, long range, double joules) =>
        Assert.Equal(joules, EnergyCounter.Joules(before, now, range), 1e-12);
}
