namespace EdgeAgent.Serving;

/// <summary>How many tokens of a prompt one step takes: as many as fit into a time.</summary>
internal static class PromptChunks
{
    /// <summary>So that cancel, deadline and watchdog are always near.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(125);

    /// <summary>Where others wait for the chunk between two of their tokens.</summary>
    public static readonly TimeSpan LongestShared = TimeSpan.FromMilliseconds(50);

    /// <summary>The chunk of a board whose speed nobody knows yet.</summary>
    private const int UnknownTokens = 64;

    /// <param name="secondsPerToken">Of the prompt; null where it is not known.</param>
    /// <param name="most">The most tokens of one step.</param>
    public static int Tokens(double? secondsPerToken, TimeSpan longest, int most) => secondsPerToken is { } seconds
        ? (int)Math.Clamp(longest.TotalSeconds / seconds, 1, most)
        : Math.Min(UnknownTokens, most);
}
