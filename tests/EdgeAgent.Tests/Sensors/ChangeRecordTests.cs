using EdgeAgent.Sensors;

namespace EdgeAgent.Tests.Sensors;

/// <summary>What the agent changed on the board is told to its next start, and a bad disk throws nothing.</summary>
public sealed class ChangeRecordTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_record_is_replaced_whole_and_forgotten_without_a_trace()
    {
        var record = Record();
        Assert.Equal("", record.Read());
        record.Write("policy0 2400000\npolicy4 1000000\n");
        record.Write("policy0 é\n");
        Assert.Equal("policy0 é\n", Record().Read());
        Assert.Equal([_folder.File("record")], Directory.GetFiles(_folder.Path));
        record.Forget();
        Assert.Equal("", record.Read());
        Assert.Empty(Directory.GetFiles(_folder.Path));
        record.Forget();
    }

    [Fact]
    public void A_file_of_more_bytes_than_a_record_has_is_not_read()
    {
        File.WriteAllText(_folder.File("record"), new string('8', 64));
        Assert.Equal(64, Record().Read().Length);
        File.WriteAllText(_folder.File("record"), new string('8', 65));
        Assert.Equal("", Record().Read());
    }

    [Fact]
    public void Where_nothing_can_be_written_nothing_is_thrown_and_the_record_before_stays()
    {
        var record = Record();
        record.Write("first");
        Directory.CreateDirectory(_folder.File("record.new"));
        record.Write("second");
        Assert.Equal("first", record.Read());

        foreach (var nowhere in new[] { null, _folder.File("absent/record"), _folder.File("record.new") })
        {
            var lost = new ChangeRecord(nowhere, 64);
            lost.Write("x");
            Assert.Equal("", lost.Read());
            lost.Forget();
        }
    }

    private ChangeRecord Record() => new(_folder.File("record"), 64);
}
