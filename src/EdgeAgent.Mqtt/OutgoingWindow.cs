using MQTTnet;
using MQTTnet.Exceptions;

namespace EdgeAgent.Mqtt;

/// <summary>
/// Publishes over one connection within the limits that its broker announced; the package itself observes none of
/// them.
/// </summary>
internal sealed class OutgoingWindow : IDisposable
{
    private readonly IMqttClient _client;
    private readonly MqttOptions _options;
    private readonly MqttClientConnectResult _broker;
    private readonly TimeProvider _time;
    private readonly Action<MqttLinkEnd> _end;
    private readonly SemaphoreSlim _inFlight;
    private readonly CancellationTokenSource _closed = new();
    private readonly long _packetLimitBytes;
    private int _pending;

    public OutgoingWindow(
        IMqttClient client, MqttOptions options, MqttClientConnectResult broker, TimeProvider time,
        Action<MqttLinkEnd> end)
    {
        _client = client;
        _options = options;
        _broker = broker;
        _time = time;
        _end = end;
        // 0 and absent both mean "no limit of the broker's own", which the standard puts at 65535 (section 3.2.2.3.3).
        _inFlight = new SemaphoreSlim(broker.ReceiveMaximum is > 0 and var limit ? limit : ushort.MaxValue);
        _packetLimitBytes = broker.MaximumPacketSize is > 0 and var size
            ? Math.Min(size, options.MaximumPacketSizeBytes) : options.MaximumPacketSizeBytes;
    }

    public async Task<MqttPublishResult> PublishAsync(MqttOutgoing message)
    {
        if (RefusalOf(message) is { } refusal)
        {
            return refusal;
        }
        try
        {
            return Interlocked.Increment(ref _pending) > _options.OutgoingLimitCount
                ? new(MqttPublishOutcome.QueueFull, null, $"{_options.OutgoingLimitCount} publishings are on their way")
                : await SendAsync(message);
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    /// <summary>Ends the waiting of everyone in the queue; they get ConnectionLost.</summary>
    public void Dispose() => _closed.Cancel();

    private MqttPublishResult? RefusalOf(MqttOutgoing message)
    {
        if (OutgoingRules.FaultOf(message) is { } fault)
        {
            return new(MqttPublishOutcome.Refused, null, fault);
        }
        var size = OutgoingRules.PacketSizeBytes(message);
        return size switch
        {
            _ when size > _packetLimitBytes =>
                new(MqttPublishOutcome.TooLarge, null, $"a packet of {size} bytes is larger than {_packetLimitBytes}"),
            _ when message.Retain && !_broker.RetainAvailable => Refused(0x9A),
            _ when (int)message.Qos > (int)_broker.MaximumQoS => Refused(0x9B),
            _ => null,
        };
    }

    private async Task<MqttPublishResult> SendAsync(MqttOutgoing message)
    {
        using var timeout = new CancellationTokenSource(_options.PublishTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _closed.Token);
        var holdsPlace = false;
        try
        {
            if (message.Qos > MqttQos.AtMostOnce)
            {
                await _inFlight.WaitAsync(either.Token);
                holdsPlace = true;
            }
            return ResultOf(await _client.PublishAsync(PackageMapping.ToPackage(message), either.Token));
        }
        catch (MqttClientNotConnectedException)
        {
            return new(MqttPublishOutcome.NotConnected, null, "not connected");
        }
        // The edge to the package: each of its exceptions means that the connection is no good any more.
        catch (Exception e)
        {
            return timeout.IsCancellationRequested
                ? TimedOut()
                : new(MqttPublishOutcome.ConnectionLost, null, $"connection lost: {e.GetBaseException().Message}");
        }
        finally
        {
            if (holdsPlace)
            {
                _inFlight.Release();
            }
        }
    }

    /// <summary>
    /// A packet may be half written and its place at the broker is still taken: this connection cannot be used on.
    /// </summary>
    private MqttPublishResult TimedOut()
    {
        var reason = $"no acknowledgement within {_options.PublishTimeout.TotalSeconds:0.#} s";
        _end(new(null, reason));
        return new(MqttPublishOutcome.TimedOut, null, reason);
    }

    private static MqttPublishResult ResultOf(MqttClientPublishResult result)
    {
        var code = (int)result.ReasonCode;
        return code < ReasonCodes.UnspecifiedError
            ? new(MqttPublishOutcome.Delivered, code, code == 0 ? "" : ReasonCodes.Words(code))
            : Refused(code);
    }

    private static MqttPublishResult Refused(int code) =>
        new(MqttPublishOutcome.Refused, code, ReasonCodes.Words(code));
}
