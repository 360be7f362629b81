using System.Text;
using EdgeAgent.Hosting;

namespace EdgeAgent.Tests.Hosting;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly ConfigurationSetup _setup = new();

    public void Dispose() => _setup.Dispose();

    [Fact]
    public void A_file_of_100_MB_is_refused_after_its_first_64_KiB()
    {
        using (var large = File.Create(_setup.File))
        {
            large.SetLength(100_000_000);
        }
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = _setup.Error();

        Assert.Equal("edge-agent.json: is larger than 64 KiB, so it is no configuration of the agent",
            Path.GetFileName(error));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
    }

    [Fact]
    public void Nesting_of_thousands_of_levels_is_an_error()
    {
        _setup.Write(string.Concat(Enumerable.Repeat("{\"x\":", 8000)));
        Assert.Equal(2, _setup.Read().Errors.Count); // the unknown key, and the depth

        _setup.Write("{ \"device\": " + new string('[', 20_000));
        Assert.Contains("edge-agent.json:1: is not JSON here", _setup.Error(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{ \"device\": }")]
    [InlineData("{} {}")]
    [InlineData("{ 'device': 'x' }")]
    public void What_is_not_JSON_is_one_error_with_its_line(string text) =>
        Assert.Contains("edge-agent.json:1: is not JSON here", _setup.Write(text).Error(), StringComparison.Ordinal);

    [Fact]
    public void A_broken_line_is_named_counted_from_one()
    {
        _setup.Write("{\n  \"device\": \"a\",\n  oops\n}");

        Assert.StartsWith("edge-agent.json:3: is not JSON here", _setup.Error(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("5")]
    public void A_file_without_an_object_is_refused(string text) =>
        Assert.Contains("must hold one JSON object", _setup.Write(text).Error(), StringComparison.Ordinal);

    [Fact]
    public void Invalid_UTF8_is_refused_with_its_line()
    {
        _setup.Write([.. "{\n\"device\": \""u8, 0xC3, 0x28, .. "\" }"u8]);

        Assert.Equal("edge-agent.json:2: is not UTF-8 in this line", _setup.Error());
    }

    [Fact]
    public void A_byte_order_mark_is_read_over()
    {
        _setup.Write([.. Encoding.UTF8.Preamble, .. "{ \"device\": \"a\" }"u8]);

        Assert.Equal("a", _setup.Options().Device);
    }

    [Fact]
    public void A_named_file_that_is_not_there_is_an_error()
    {
        var verdict = AgentOptionsReader.Read(new OptionSources
        {
            ConfigFile = "/nonexistent/edge-agent.json",
            Environment = _setup.Environment,
            HostName = "a",
            WorkingFolder = "/",
        });

        Assert.StartsWith("/nonexistent/edge-agent.json: cannot be read", Assert.Single(verdict.Errors).ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_place_of_a_file_is_an_error() =>
        Assert.Contains("cannot be read", Assert.Single(ConfigurationFile.Read("/").Errors).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_device_without_an_end_is_cut_and_refused() =>
        Assert.Contains("is larger than 64 KiB", Assert.Single(ConfigurationFile.Read("/dev/zero").Errors).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Thousands_of_wrong_keys_stay_a_message_of_bounded_length()
    {
        _setup.Write("{" + string.Join(",", Enumerable.Range(0, 4000).Select(i => $"\"k{i}\":1")) + "}");

        var verdict = _setup.Read();

        Assert.Equal(4000, verdict.Errors.Count);
        Assert.Contains("… and 3960 more", verdict.Message, StringComparison.Ordinal);
        Assert.InRange(verdict.Message.Length, 1, 10_000);
    }
}
