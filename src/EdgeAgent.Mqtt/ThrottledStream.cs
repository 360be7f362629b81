using System.Net;
using System.Net.Sockets;
using MQTTnet.Channel;

namespace EdgeAgent.Mqtt;

/// <summary>
/// The TCP connection under the package: gives it one MQTT packet after the other, and only while there is room.
/// </summary>
/// <remarks>
/// It knows packets by their fixed header (section 2.1 of the standard), so that a message counts before the package
/// has it, and
/// one that is too large is refused before anybody allocates memory for it.
/// </remarks>
internal sealed class ThrottledStream(NetworkStream inner, ReceiveThrottle throttle, int maximumPacketSizeBytes)
    : Stream
{
    private const int Publish = 3;

    // tcp(7): TCP_QUICKACK, which .NET has no name for.
    private const int TcpQuickAck = 12;

    // The package reads 2 bytes, then the rest of a packet; a buffer makes that one system call for many small packets.
    private readonly byte[] _buffer = new byte[8192];
    private int _start;
    private int _end;
    private int _packetLeftBytes;

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
        if (_packetLeftBytes == 0 && !await BeginPacketAsync(cancellationToken))
        {
            return 0;
        }
        var count = Math.Min(buffer.Length, _packetLeftBytes);
        if (_start < _end)
        {
            count = Math.Min(count, _end - _start);
            _buffer.AsMemory(_start, count).CopyTo(buffer);
            _start += count;
        }
        else
        {
            count = await inner.ReadAsync(buffer[..count], cancellationToken);
        }
        _packetLeftBytes -= count;
        return count;
    }

    /// <summary>Waits for room and for the next fixed header; false when the connection was closed.</summary>
    private async ValueTask<bool> BeginPacketAsync(CancellationToken cancellationToken)
    {
        await throttle.Room.WaitAsync(cancellationToken);
        while ((_packetLeftBytes = PacketSizeBytes()) == 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            var count = await inner.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            AcknowledgeAtOnce();
            if (count == 0)
            {
                return false;
            }
            _end += count;
        }
        if (_packetLeftBytes > maximumPacketSizeBytes)
        {
            throw new InvalidDataException(
                $"a packet of {_packetLeftBytes} bytes is larger than our maximum of {maximumPacketSizeBytes}");
        }
        throttle.Add(_buffer[_start] >> 4 == Publish ? 1 : 0);
        return true;
    }

    /// <summary>Has the kernel acknowledge what came now, not up to 40 ms later; it forgets the wish soon.</summary>
    /// <remarks>
    /// A broker without TCP_NODELAY (Mosquitto's default) holds a small packet back until the one before is
    /// acknowledged: the next request would wait for it.
    /// </remarks>
    private void AcknowledgeAtOnce()
    {
        if (OperatingSystem.IsLinux())
        {
            Span<byte> on = [1, 0, 0, 0];
            inner.Socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpQuickAck, on);
        }
    }

    /// <summary>
    /// The size of the packet that begins in the buffer, its header included; 0 while the header is incomplete.
    /// </summary>
    private int PacketSizeBytes()
    {
        var body = 0;
        for (var i = 1; _start + i < _end; i++)
        {
            var digit = _buffer[_start + i];
            body |= (digit & 127) << (7 * (i - 1));
            if (digit < 128)
            {
                return 1 + i + body;
            }
            if (i == 4)
            {
                throw new InvalidDataException("this is no MQTT: a packet length of more than four bytes");
            }
        }
        return 0;
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

    /// <summary>
    /// Dials for the package, which dials with a linger of 0 s otherwise: a goodbye on its way would be lost.
    /// </summary>
    internal sealed class Provider(ReceiveThrottle throttle, int maximumPacketSizeBytes) : IMqttClientStreamProvider
    {
        public async Task<Stream> ConnectAsync(EndPoint remoteEndPoint, CancellationToken cancellationToken)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(remoteEndPoint, cancellationToken);
                var network = new NetworkStream(socket, ownsSocket: true);
                return new ThrottledStream(network, throttle, maximumPacketSizeBytes);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
