using System.Numerics.Tensors;
using System.Text.Json;

namespace EdgeAgent.Tests.Inference;

/// <summary>One message of a reference prompt.</summary>
internal sealed record ReferenceMessage(string Role, string Content);

/// <summary>The greedy answer at one level.</summary>
internal sealed record ReferenceLevel(int[] GreedyTokens);

/// <summary>The answer whose k-th token is consumed at level pattern[k % pattern.Length].</summary>
internal sealed record ReferenceMixed(int[] Pattern, int[] GreedyTokens, float[]? LastLogits);

/// <summary>One prompt with what an independent implementation answered.</summary>
internal sealed record ReferenceCase(
    string Task, ReferenceMessage[] Messages, int[] PromptTokens, int[] GreedyTokens, string Text,
    ReferenceLevel[]? Levels, float[][]? LastLogits, ReferenceMixed? Mixed)
{
    public IEnumerable<(string Role, string Content)> Prompt => Messages.Select(m => (m.Role, m.Content));
}

/// <summary>What PyTorch and transformers computed for Nano: Fixtures/nano/reference.json.</summary>
internal static class NanoReference
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private static readonly Lazy<ReferenceCase[]> Loaded = new(Read);

    public static IReadOnlyList<ReferenceCase> Cases => Loaded.Value;

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/nano");

    /// <summary>max|Δ| over max|reference|.</summary>
    public static float Deviation(ReadOnlySpan<float> logits, ReadOnlySpan<float> reference)
    {
        var difference = new float[reference.Length];
        TensorPrimitives.Subtract(logits, reference, difference);
        return Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference))
            / Math.Abs(TensorPrimitives.MaxMagnitude(reference));
    }

    private static ReferenceCase[] Read()
    {
        using var stream = File.OpenRead(Path.Combine(Folder, "reference.json"));
        return JsonSerializer.Deserialize<ReferenceFile>(stream, Format)!.Cases;
    }

    private sealed record ReferenceFile(ReferenceCase[] Cases);
}
