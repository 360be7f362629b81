using EdgeAgent.Inference;
using EdgeAgent.ModelTools;
using EdgeAgent.Tests.Inference;
using EdgeAgent.Verbs;

namespace EdgeAgent.Tests.Verbs;

/// <summary>A package is measured on the first tokens of a text, and a text that cannot be used is named.</summary>
public sealed class EvaluationTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LoadedPackage _package = LoadedPackage.Open(NanoPackages.Embedded);

    [Fact]
    public void The_first_tokens_of_a_file_are_taken_and_never_fewer_than_can_be_measured()
    {
        var all = EvaluationText.Tokens(_package, null, int.MaxValue);
        File.WriteAllText(_folder.File("text"), EdgeAgent.ModelTools.Calibrate.CalibrationPrompts.Text);
        Assert.Equal(all, EvaluationText.Tokens(_package, _folder.File("text"), int.MaxValue));
        Assert.Equal(all[..16], EvaluationText.Tokens(_package, _folder.File("text"), 16));
        Assert.Equal(all[..2], EvaluationText.Tokens(_package, _folder.File("text"), 1));
    }

    [Fact]
    public void A_text_that_is_missing_is_named()
    {
        var error = Assert.Throws<ModelToolsException>(
            () => EvaluationText.Tokens(_package, _folder.File("text"), 16));
        Assert.Equal($"--text {_folder.File("text")}: it is not there.", error.Message);
    }

    [Fact]
    public void A_text_that_is_too_short_is_named()
    {
        File.WriteAllText(_folder.File("text"), "");
        var error = Assert.Throws<UsageException>(() => EvaluationText.Tokens(_package, _folder.File("text"), 16));
        Assert.StartsWith($"--text {_folder.File("text")}: 0 tokens; it needs at least 2", error.Message,
            StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _package.Dispose();
        _folder.Dispose();
    }
}
