namespace EdgeAgent.ModelPackage;

/// <summary>The largest sizes that a package may have; importers refuse at once what no manifest could say.</summary>
public static class ManifestLimits
{
    public const int Layers = 512;

    /// <summary>Channels of the hidden states and of the FFN.</summary>
    public const int Channels = 1 << 20;

    public const int Heads = 4096;
    public const int HeadDimensions = 1024;
    public const int Vocabulary = 1 << 20;

    /// <summary>Tokens of the longest sequence.</summary>
    public const int Context = 1 << 20;

    public const int StopTokens = 64;
    public const int Levels = 16;
}
