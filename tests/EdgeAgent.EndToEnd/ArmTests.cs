namespace EdgeAgent.EndToEnd;

/// <summary>The embedded package on the processors of a Raspberry Pi 5 and 4.</summary>
/// <remarks>With ONNX Runtime's arm64 build, emulated: this proves that the graphs load there and what they answer,
/// and nothing about speed.</remarks>
public sealed class ArmTests
{
    [Theory]
    [InlineData("cortex-a76")]
    [InlineData("cortex-a72")]
    public async Task Golden_prompts_have_the_same_answers_on_arm64_at_every_level(string processor)
    {
        var tool = Need.Shared("tools/arm64-node");
        var reference = Need.Shared("nano/reference.json");
        // A root for each processor: it holds that processor's /proc/cpuinfo. The tool makes it at the first call.
        var root = Path.Combine(Path.GetDirectoryName(PublishedAgent.CacheFolder)!, $"arm64-node-{processor}");
        Need.That(Environment.UserName == "root" || File.Exists(Path.Combine(root, ".ready")),
            "needs root once, to install what emulates arm64");
        Need.Tool("npm");

        var run = await Shell.RunAsync(TimeSpan.FromMinutes(4), "env", $"ARM64_CPU={processor}", $"ARM64_ROOT={root}",
            tool, Path.Combine(Repository.Root, "tests", "arm64", "golden.js"),
            Path.Combine(Repository.Root, "models-lite", "nano"), reference, "fault_qa,defect");

        Assert.EndsWith("8 of 8 answers are equal", run.Expect().TrimEnd(), StringComparison.Ordinal);
    }
}
