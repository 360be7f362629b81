using System.Net.Sockets;
using EdgeAgent.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Diagnosis;

/// <summary>Where the agent's status socket lies and who may connect to it.</summary>
internal sealed record StatusSocketOptions
{
    public required string Path { get; init; }

    /// <summary>Who may read the status: connecting needs the right to write.</summary>
    public UnixFileMode Mode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>In the runtime folder of systemd the agent's group may connect too; else its account alone.</summary>
    public static StatusSocketOptions Of(AgentOptions options, SystemdEnvironment systemd) => new()
    {
        Path = StatusPath.OfAgent(systemd.RuntimeFolder, options.Data),
        Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite
            | (systemd.RuntimeFolder is null ? 0 : UnixFileMode.GroupRead | UnixFileMode.GroupWrite),
    };
}

/// <summary>Answers `edge-agent status`: whoever connects gets one JSON document, and the connection ends.</summary>
/// <remarks>
/// One connection at a time, bounded in time; what a client sends is never read. It is no loop that the watchdog
/// waits for, and whatever happens to it, the agent goes on.
/// </remarks>
internal sealed partial class StatusSocket(
    StatusSocketOptions options, Func<byte[]> report, TimeProvider time, ILogger<StatusSocket> logger)
    : BackgroundService
{
    /// <summary>Connections that may wait; the next one is refused by the kernel.</summary>
    private const int Backlog = 8;

    /// <summary>A client that takes nothing is left alone after this; the document fits into the socket's
    /// buffer.</summary>
    private static readonly TimeSpan LongestSend = TimeSpan.FromSeconds(1);

    /// <summary>Of a folder that we make: what is in it belongs to the agent alone.</summary>
    private const UnixFileMode FolderMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>After a fault of the socket itself (no more descriptors): the pause before the next try.</summary>
    private static readonly TimeSpan FaultPause = TimeSpan.FromSeconds(1);

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Listens before the agent goes on with its start, so that its loading can be watched.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (Listen() is { } fault)
        {
            LogNoSocket(options.Path, fault);
            return Task.CompletedTask;
        }
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _listener.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptAsync(stoppingToken);
                await SendAsync(client, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                // Told to stop, or the client took nothing for too long: the next one.
            }
            catch (SocketException)
            {
                await Task.Delay(FaultPause, time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        TryDelete();
    }

    private async Task SendAsync(Socket client, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var timer = time.CreateTimer(
            state => ((CancellationTokenSource)state!).Cancel(), limit, LongestSend, Timeout.InfiniteTimeSpan);
        try
        {
            await client.SendAsync(report().AsMemory(), limit.Token);
        }
        catch (SocketException)
        {
            // The client is gone: nobody to tell.
        }
#pragma warning disable CA1031 // One unit of work: a status that cannot be made must not end the agent.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(e);
        }
    }

    /// <summary>Takes the path, also from an agent that was killed; gives the reason where it cannot.</summary>
    private string? Listen()
    {
        if (OperatingSystem.IsWindows())
        {
            return "a socket there has no mode that keeps others away";
        }
        try
        {
            if (Path.GetDirectoryName(options.Path) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder, FolderMode);
            }
            if (Path.Exists(options.Path) && FaultOfOld() is { } fault)
            {
                return fault;
            }
            // Between these two lines the file has the mode of the umask, which never lets others write.
            _listener.Bind(new UnixDomainSocketEndPoint(options.Path));
            File.SetUnixFileMode(options.Path, options.Mode);
            _listener.Listen(Backlog);
            return null;
        }
        catch (ArgumentOutOfRangeException)
        {
            return "the path is longer than the 107 bytes of a Unix socket; use a shorter data folder";
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>What stands at our path: a dead agent's socket is taken away, anything else stays.</summary>
    private string? FaultOfOld()
    {
        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Connect(new UnixDomainSocketEndPoint(options.Path));
            return "another agent uses the same folder; give each its own with --data";
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket())
        {
            File.Delete(options.Path);
            return null;
        }
        catch (SocketException e)
        {
            return $"something that is no socket of ours stands there ({e.SocketErrorCode})";
        }
    }

    /// <summary>A plain file refuses connections too, and must not be deleted.</summary>
    private bool IsSocket() =>
        (File.GetAttributes(options.Path) & (FileAttributes.Directory | FileAttributes.ReparsePoint)) == 0
        && new FileInfo(options.Path).Length == 0;

    private void TryDelete()
    {
        try
        {
            File.Delete(options.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next agent takes a dead socket away.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "edge-agent status will find nothing at {Path}: {Reason}. Everything else works")]
    private partial void LogNoSocket(string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The status could not be made")]
    private partial void LogFailed(Exception error);
}
