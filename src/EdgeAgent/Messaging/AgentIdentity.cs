using System.Reflection;

namespace EdgeAgent.Messaging;

/// <summary>Which agent speaks: its version, and the epoch that its counters belong to.</summary>
internal sealed class AgentIdentity
{
    /// <summary>New at every start, because nothing is kept across starts yet.</summary>
    public string Epoch { get; } = Guid.NewGuid().ToString("N")[..8];

    public static string Version { get; } = typeof(AgentIdentity).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
