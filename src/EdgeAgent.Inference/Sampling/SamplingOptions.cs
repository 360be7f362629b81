namespace EdgeAgent.Inference.Sampling;

/// <summary>How the next token is chosen; the defaults take the likeliest one.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits, 0 to 2; 0 takes the likeliest token.</summary>
    public float Temperature { get; init; }

    /// <summary>Keep the fewest likeliest tokens whose probabilities add up to this, 0 to 1; 1 is off.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keep so many of the likeliest tokens; 0 is off.</summary>
    public int TopK { get; init; }

    /// <summary>The same seed and the same logits give the same tokens.</summary>
    public long Seed { get; init; }
}
