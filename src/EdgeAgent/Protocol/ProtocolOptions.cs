using System.ComponentModel.DataAnnotations;

namespace EdgeAgent.Protocol;

/// <summary>What an operator may set about the wire.</summary>
internal sealed record ProtocolOptions
{
    /// <summary>The largest payload of a request in bytes, 1 KiB to 16 MiB, default 256 KiB; above: 413.</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int PayloadMaxBytes { get; init; } = 256 * 1024;

    /// <summary>The largest <c>max_tokens</c> of a request in tokens, 1 to 1,048,576, default 4096. The agent lowers it
    /// to the context of the loaded model.</summary>
    [Range(1, 1_048_576)]
    public int MaxTokensLimit { get; init; } = 4096;

    /// <summary>The largest <c>timeout_ms</c> of a request in milliseconds, one second to one day, default one hour.
    /// A request is remembered for this time plus ten minutes.</summary>
    [Range(1000, 86_400_000)]
    public int TimeoutLimitMs { get; init; } = 3_600_000;

    /// <summary>Topics under which a Response Topic may lie besides this device's own <c>out/response</c>; empty (the
    /// default) allows every topic outside our root. At most 64 entries.</summary>
    [MaxLength(64)]
    public IReadOnlyList<string> ResponsePrefixes { get; init; } = [];
}
