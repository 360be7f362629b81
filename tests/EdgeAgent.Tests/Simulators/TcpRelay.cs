using System.Net;
using System.Net.Sockets;

namespace EdgeAgent.Tests.Simulators;

/// <summary>
/// A wire between a client and a broker that can be cut or go silent, and that remembers what the client sent.
/// </summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _ends = [];
    private readonly MemoryStream _fromClient = new();
    private readonly int _target;
    private readonly Task _accepting;
    private TaskCompletionSource _open = new();

    public TcpRelay(int targetPort)
    {
        _target = targetPort;
        _open.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where the client connects to.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Every byte from the client so far.</summary>
    public byte[] FromClient()
    {
        lock (_fromClient)
        {
            return _fromClient.ToArray();
        }
    }

    /// <summary>Breaks all connections without a goodbye; new ones are possible.</summary>
    public void Cut()
    {
        lock (_ends)
        {
            _ends.ForEach(end => end.Close());
            _ends.Clear();
        }
    }

    /// <summary>Nothing passes any more, in either direction, and nobody is told.</summary>
    public void Freeze() => _open = new TaskCompletionSource();

    /// <summary>Lets everything pass again.</summary>
    public void Thaw() => _open.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Thaw();
        Cut();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                var broker = new TcpClient();
                await broker.ConnectAsync(IPAddress.Loopback, _target);
                client.NoDelay = broker.NoDelay = true;
                lock (_ends)
                {
                    _ends.AddRange([client, broker]);
                }
                _ = CopyAsync(client, broker, _fromClient);
                _ = CopyAsync(broker, client, null);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The listener was stopped.
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, MemoryStream? record)
    {
        var buffer = new byte[65536];
        try
        {
            int count;
            while ((count = await from.GetStream().ReadAsync(buffer)) > 0)
            {
                await _open.Task;
                if (record is not null)
                {
                    lock (record)
                    {
                        record.Write(buffer, 0, count);
                    }
                }
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One end was closed; so is the other.
        }
        from.Close();
        to.Close();
    }
}
