using System.Reflection;

namespace EdgeAgent.Messaging;

/// <summary>Which agent speaks: its version, and the epoch that its counters belong to.</summary>
internal sealed class AgentIdentity
{
    /// <summary>New at every start, because nothing is kept across starts yet.</summary>
    public string Epoch { get; } = Guid.NewGuid().ToString("N")[..8];

    /// <summary>Where the seeds of requests begin that name none: another place at every start.</summary>
    public long FirstSeed => Convert.ToInt64(Epoch, 16) << 20;

    public static string Version { get; } = typeof(AgentIdentity).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
