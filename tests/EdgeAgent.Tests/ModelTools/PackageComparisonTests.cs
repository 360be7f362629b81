using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Two packages are compared by what they expect next.</summary>
public sealed class PackageComparisonTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(61)]
    [InlineData(62)]
    public void The_divergence_is_what_its_definition_says(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        float[] Row() => [.. Enumerable.Range(0, 500).Select(_ => (float)(8 * random.NextDouble()))];
        var (expected, found) = (Row(), Row());
        double[] Probabilities(float[] row) => [.. row.Select(l => Math.Exp(l) / row.Sum(other => Math.Exp(other)))];
        var (p, q) = (Probabilities(expected), Probabilities(found));
        var divergence = p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();
        Assert.Equal(divergence, PackageComparison.Divergence(expected, found), 1e-4);
    }

    [Fact]
    public void A_package_is_not_apart_from_itself_and_its_last_level_is()
    {
        using var package = LoadedPackage.Open(NanoPackages.Embedded);
        var options = new EngineOptions { Context = 128, LogitRows = 32 };
        using var a = new InferenceEngine(package, options);
        using var b = new InferenceEngine(package, options);
        int[] tokens = [.. Enumerable.Range(3, 96)];
        var same = PackageComparison.Run(a, b, tokens, window: 64, level: 0, TestContext.Current.CancellationToken);
        Assert.Equal((1.0, 96), (same.Agreement, same.Tokens));
        Assert.Equal(0, same.Divergence, 1e-5);
        var last = PackageComparison.Run(
            a, b, tokens, window: 64, level: 3, TestContext.Current.CancellationToken);
        Assert.True(last.Divergence > 0.01, $"{last.Divergence}");
        Assert.True(PackageComparison.DecodeSpeed(a, level: 0, TimeProvider.System) > 0);
    }
}
