namespace EdgeAgent.Protocol;

/// <summary>The fixed bounds of the wire: every list, string and number that a stranger may send ends here.</summary>
internal static class ProtocolLimits
{
    /// <summary>Bytes of a device or client name: a Linux host name has at most 64.</summary>
    public const int NameMaxBytes = 64;

    /// <summary>Bytes of a Response Topic: room for any real plant, small enough to keep for each request.</summary>
    public const int TopicMaxBytes = 1024;

    /// <summary>Levels of a Response Topic: Mosquitto disconnects who publishes to more than 200.</summary>
    public const int TopicMaxLevels = 100;

    /// <summary>Bytes of Correlation Data: a UUID in text has 36; it is kept and echoed for every request.</summary>
    public const int CorrelationMaxBytes = 64;

    /// <summary>Bytes of an id: Correlation Data of full length in hexadecimal.</summary>
    public const int IdMaxBytes = 2 * CorrelationMaxBytes;

    /// <summary>Levels of JSON nesting: our own bodies need four.</summary>
    public const int JsonMaxDepth = 32;

    /// <summary>Messages in one request: longer conversations do not fit into the context of a small model.</summary>
    public const int MaxMessages = 256;

    /// <summary>Stop strings in one request: each is compared at every token.</summary>
    public const int MaxStops = 8;

    /// <summary>Bytes of a stop string: text of this length is held back from a stream.</summary>
    public const int StopMaxBytes = 64;

    /// <summary>The largest temperature; above it a small model writes noise.</summary>
    public const double MaxTemperature = 2;

    /// <summary>The largest <c>top_k</c>: no vocabulary has more tokens.</summary>
    public const int MaxTopK = 1_000_000;

    /// <summary>The largest seed, 2^53 − 1: the integers that every JSON library keeps exactly.</summary>
    public const long MaxSeed = 9_007_199_254_740_991;

    /// <summary>The highest pruning level that a request may name; packages have fewer.</summary>
    public const int MaxLevel = 63;

    /// <summary>Names of unknown fields that a verdict repeats; the count goes on.</summary>
    public const int MaxUnknownNames = 8;

    /// <summary>Characters of a foreign value that an error message repeats.</summary>
    public const int ShownCharacters = 40;
}
