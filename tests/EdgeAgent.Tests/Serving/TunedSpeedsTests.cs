using EdgeAgent.Serving;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.Serving;

/// <summary>The kept result of `tune` is used for the package that it was measured with, or not at all.</summary>
public sealed class TunedSpeedsTests : IDisposable
{
    private static readonly string s_digest = new('a', 64);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_saved_is_read_again()
    {
        Some().Save(_folder.Path);
        var (speeds, fault) = TunedSpeeds.Load(_folder.Path, s_digest, 2);
        Assert.Null(fault);
        Assert.Equal((120.5, 80.25, 0.021), (speeds!.Levels[1].DecodeTokensPerSecond,
            speeds.Levels[0].DecodeTokensPerSecond, speeds.Levels[0].JoulesPerToken));
        Assert.Equal([TunedSpeeds.FileName], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Without_a_file_there_are_no_speeds_and_no_fault() =>
        Assert.Equal((null, null), TunedSpeeds.Load(_folder.Path, s_digest, 2));

    [Fact]
    public void Speeds_of_another_package_are_not_used()
    {
        Some().Save(_folder.Path);
        var (speeds, fault) = TunedSpeeds.Load(_folder.Path, new string('b', 64), 2);
        Assert.Null(speeds);
        Assert.Contains("package_sha256: measured with another package, nano@1.0.0", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"decode_tokens_per_second\":80.25", "\"decode_tokens_per_second\":0", "levels[0]")]
    [InlineData("\"decode_tokens_per_second\":80.25", "\"decode_tokens_per_second\":-3", "levels[0]")]
    [InlineData("\"decode_tokens_per_second\":80.25", "\"decode_tokens_per_second\":1e300", "levels[0]")]
    [InlineData("second\":80.25", "second\":\"NaN\"", "decode_tokens_per_second")]
    [InlineData("\"level\":1", "\"level\":0", "levels[1]")]
    [InlineData("edgeagent-tune/1", "edgeagent-tune/9", "format")]
    [InlineData("\"format\"", "\"levels\":[],\"format\"", "levels")]
    [InlineData("\"threads\":2", "\"threads\":99999999999", "threads")]
    [InlineData("{", "[", "JSON")]
    [InlineData("\"time\":1790000000000", "\"time\":9223372036854775807", "time")]
    [InlineData("\"levels\":", "\"levels\":null,\"x\":", "levels")]
    public void A_file_that_makes_no_sense_is_not_used_and_the_field_is_named(string was, string becomes, string named)
    {
        Some().Save(_folder.Path);
        var path = _folder.File(TunedSpeeds.FileName);
        var text = File.ReadAllText(path);
        var at = text.IndexOf(was, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        File.WriteAllText(path, text[..at] + becomes + text[(at + was.Length)..]);
        var (speeds, fault) = TunedSpeeds.Load(_folder.Path, s_digest, 2);
        Assert.Null(speeds);
        Assert.Contains(path, fault, StringComparison.Ordinal);
        Assert.Contains(named, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_more_levels_than_the_file_is_not_served_by_it()
    {
        Some().Save(_folder.Path);
        Assert.Contains("levels: 2, the package has 3", TunedSpeeds.Load(_folder.Path, s_digest, 3).Fault,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_larger_than_any_of_ours_is_not_read()
    {
        File.WriteAllText(_folder.File(TunedSpeeds.FileName), new string(' ', TunedSpeeds.MaximumBytes + 1));
        Assert.Contains("the limit is", TunedSpeeds.Load(_folder.Path, s_digest, 2).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void The_digest_of_a_package_changes_with_any_of_its_files()
    {
        var copy = _folder.CopyOf(NanoPackages.Embedded);
        var before = TunedSpeeds.DigestOf(copy);
        Assert.Equal(TunedSpeeds.DigestOf(NanoPackages.Embedded), before);
        var manifest = Path.Combine(copy, "manifest.json");
        var text = File.ReadAllText(manifest);
        var at = text.IndexOf("\"sha256\"", StringComparison.OrdinalIgnoreCase) + 12;
        File.WriteAllText(manifest, text[..at] + (text[at] == '0' ? '1' : '0') + text[(at + 1)..]);
        Assert.NotEqual(before, TunedSpeeds.DigestOf(copy));
    }

    private static TunedSpeeds Some() => new()
    {
        Format = TunedSpeeds.CurrentFormat,
        Model = "nano@1.0.0",
        PackageSha256 = s_digest,
        Threads = 2,
        Runtime = "1.30.0",
        Time = 1790000000000,
        PromptTokens = 128,
        AnswerTokens = 64,
        Rounds = 5,
        Levels =
        [
            new TunedLevel
            {
                Level = 0,
                DecodeTokensPerSecond = 80.25,
                PromptTokensPerSecond = 400,
                ResidentBytes = 90_000_000,
                JoulesPerToken = 0.021,
            },
            new TunedLevel
            {
                Level = 1,
                DecodeTokensPerSecond = 120.5,
                PromptTokensPerSecond = 500,
                ResidentBytes = 95_000_000,
            },
        ],
    };
}
