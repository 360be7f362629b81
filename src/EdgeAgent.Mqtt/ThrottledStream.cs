using System.Net;
using System.Net.Sockets;
using MQTTnet.Channel;

namespace EdgeAgent.Mqtt;

/// <summary>The TCP connection under the package: reads in large pieces, and only while there is room for messages.</summary>
internal sealed class ThrottledStream(NetworkStream inner, ReceiveThrottle throttle) : Stream
{
    // The package reads 2 bytes, then the rest of a packet; a buffer makes that one system call for many small packets.
    private readonly byte[] _buffer = new byte[8192];
    private int _start;
    private int _end;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await throttle.Room.WaitAsync(cancellationToken);
        if (_start == _end)
        {
            if (buffer.Length >= _buffer.Length)
            {
                return await inner.ReadAsync(buffer, cancellationToken);
            }
            (_start, _end) = (0, await inner.ReadAsync(_buffer, cancellationToken));
        }
        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer, offset, count, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Dials for the package, which dials with a linger of 0 s otherwise: a goodbye on its way would be lost.</summary>
    internal sealed class Provider(ReceiveThrottle throttle) : IMqttClientStreamProvider
    {
        public async Task<Stream> ConnectAsync(EndPoint remoteEndPoint, CancellationToken cancellationToken)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(remoteEndPoint, cancellationToken);
                return new ThrottledStream(new NetworkStream(socket, ownsSocket: true), throttle);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
