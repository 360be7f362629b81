using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Hosting;

/// <summary>What the agent tells systemd, over the notify socket where there is one.</summary>
/// <remarks>systemd restarting itself may leave the socket away for a moment: a notice that cannot be sent is logged
/// once per outage and never stops the agent. A lost WATCHDOG=1 is made good by the next one.</remarks>
internal sealed partial class Notices(ISystemdNotifier notifier, ILogger<Notices> logger)
{
    private int _isFailing;

    /// <summary>Whether anybody listens.</summary>
    public bool IsEnabled => notifier.IsEnabled;

    public bool Ready() => Send("READY=1");

    public bool Stopping() => Send("STOPPING=1");

    public bool Watchdog() => Send("WATCHDOG=1");

    /// <param name="line">One line; sd_notify(3) ends a value at a line feed.</param>
    public bool Status(string line) => Send("STATUS=" + line);

    /// <summary>Asks for this much more time for the start or the stop, from now on.</summary>
    public bool ExtendTimeout(TimeSpan time) => Send($"EXTEND_TIMEOUT_USEC={(long)time.TotalMicroseconds}");

    // False where it could not be sent. True where nobody listens: there is nothing to repeat.
    private bool Send(string state)
    {
        try
        {
            notifier.Notify(new ServiceState(state));
            Interlocked.Exchange(ref _isFailing, 0);
            return true;
        }
        catch (SocketException e)
        {
            if (Interlocked.Exchange(ref _isFailing, 1) == 0)
            {
                LogNoticeFailed(e.SocketErrorCode);
            }
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "systemd's notify socket refuses us ({Reason}); trying on")]
    private partial void LogNoticeFailed(SocketError reason);
}
