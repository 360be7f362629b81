using System.Globalization;

namespace EdgeAgent.Hosting;

/// <summary>What systemd tells a service through its environment.</summary>
internal sealed record SystemdEnvironment
{
    /// <summary>WatchdogSec of the unit; null where no watchdog waits for this process.</summary>
    public TimeSpan? WatchdogInterval { get; init; }

    /// <summary>The journal's stream as <c>device:inode</c>; null outside of systemd.</summary>
    public string? JournalStream { get; init; }

    /// <summary>Folder of RuntimeDirectory=, which goes with the machine's next start; null where there is
    /// none.</summary>
    public string? RuntimeFolder { get; init; }

    /// <summary>The environment of this very process.</summary>
    public static SystemdEnvironment OfProcess() => Read(Environment.GetEnvironmentVariable, Environment.ProcessId);

    /// <remarks>A watchdog counts where WATCHDOG_PID is absent or names this process, as sd_watchdog_enabled(3) has
    /// it: a child inherits the variables of its parent, not its duty.</remarks>
    public static SystemdEnvironment Read(Func<string, string?> variable, int processId)
    {
        var owner = variable("WATCHDOG_PID");
        var isOurs = string.IsNullOrEmpty(owner) || owner == processId.ToString(CultureInfo.InvariantCulture);
        var hasInterval = long.TryParse(
            variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds);
        return new SystemdEnvironment
        {
            WatchdogInterval = isOurs && hasInterval && microseconds is > 0 and < long.MaxValue / 10
                ? TimeSpan.FromMicroseconds(microseconds)
                : null,
            JournalStream = variable("JOURNAL_STREAM"),
            // systemd gives several folders with ':' between them; ours is the first.
            RuntimeFolder = variable("RUNTIME_DIRECTORY")?.Split(':')[0] is { Length: > 0 } folder ? folder : null,
        };
    }

    /// <summary>Whether what this process writes to a file descriptor goes to the journal.</summary>
    /// <remarks>JOURNAL_STREAM alone is no proof: a child with a pipe inherits it. The descriptor is a socket with the
    /// inode that the variable names.</remarks>
    public bool IsJournal(int descriptor)
    {
        if (JournalStream?.Split(':') is not [_, var inode])
        {
            return false;
        }
        try
        {
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget == $"socket:[{inode}]";
        }
        catch (IOException)
        {
            return false;
        }
    }
}
