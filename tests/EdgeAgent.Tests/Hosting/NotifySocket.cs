using System.Net.Sockets;
using System.Text;
using EdgeAgent.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Hosting;

/// <summary>systemd's end of a notify socket: a real datagram socket, by path or in the abstract namespace.</summary>
internal sealed class NotifySocket : IDisposable
{
    private static readonly Lock s_environment = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("edge-agent-").FullName;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public NotifySocket(bool isAbstract = false)
    {
        var path = Path.Combine(_folder, "notify");
        _socket.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path : path));
        lock (s_environment)
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", isAbstract ? "@" + path : path);
            Notifier = new SystemdNotifier();
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }
    }

    public SystemdNotifier Notifier { get; }

    public Notices Notices => new(Notifier, NullLogger<Notices>.Instance);

    public Notices NoticesLoggedBy(ILogger<Notices> logger) => new(Notifier, logger);

    /// <summary>Whether something was sent that nobody has read yet.</summary>
    public bool HasMore => _socket.Available > 0;

    public async Task<string> ReceiveAsync()
    {
        using var expired = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        expired.CancelAfter(TimeSpan.FromSeconds(20));
        var buffer = new byte[1024];
        var length = await _socket.ReceiveAsync(buffer, SocketFlags.None, expired.Token);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>systemd goes away.</summary>
    public void Close() => _socket.Dispose();

    public void Dispose()
    {
        _socket.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Keeps the lines that were logged.</summary>
internal sealed class LogLines<T> : ILogger<T>
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
        {
            _lines.Add($"{logLevel}: {formatter(state, exception)}");
        }
    }
}
