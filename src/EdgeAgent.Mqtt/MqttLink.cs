using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Exceptions;

namespace EdgeAgent.Mqtt;

/// <summary>Why a link ended, or why it never came to be.</summary>
/// <param name="ReasonCode">The broker's reason code, or null where no broker spoke.</param>
/// <param name="Reason">The reason in words.</param>
internal sealed record MqttLinkEnd(int? ReasonCode, string Reason)
{
    /// <summary>We ended it, not the broker or the network.</summary>
    public bool IsOurs { get; init; }

    public static MqttLinkEnd FromBroker(string what, int code, string? brokersWords)
    {
        var says = string.IsNullOrEmpty(brokersWords) ? "" : $", it says '{brokersWords}'";
        return new(code, $"{what}: {ReasonCodes.Words(code)}{says}");
    }
}

/// <summary>
/// One connection to the broker, from CONNECT to its end; the only type that drives the MQTTnet package.
/// </summary>
/// <remarks>
/// Each connection gets a new client of the package: an acknowledgement is bound to the client that received the
/// message, so one
/// that comes too late can never be sent over the next connection, where its packet identifier means another message.
/// </remarks>
internal sealed class MqttLink : IAsyncDisposable
{
    private static readonly TimeSpan ClosingTimeout = TimeSpan.FromSeconds(2);

    private readonly MqttOptions _options;
    private readonly TimeProvider _time;
    private readonly Action _dropped;
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly ReceiveThrottle _throttle;

    // Without a limit of its own, because the throttle is its limit.
    private readonly Channel<MqttApplicationMessageReceivedEventArgs> _received =
        Channel.CreateUnbounded<MqttApplicationMessageReceivedEventArgs>();

    private readonly TaskCompletionSource<MqttLinkEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<MqttApplicationMessageReceivedEventArgs> _taken = [];
    private OutgoingWindow? _window;
    private Task _ping = Task.CompletedTask;

    public MqttLink(MqttOptions options, TimeProvider time, Action dropped)
    {
        _options = options;
        _time = time;
        _dropped = dropped;
        _throttle = new ReceiveThrottle(options.ReceiveMaximumCount);
        _client.ApplicationMessageReceivedAsync += Enqueue;
        _client.DisconnectedAsync += OnDisconnected;
    }

    /// <summary>Completes when the connection is gone; never faults.</summary>
    public Task<MqttLinkEnd> Ended => _ended.Task;

    /// <summary>The broker still had our session.</summary>
    public bool SessionPresent { get; private set; }

    /// <summary>Connects and subscribes; gives null, or why there is no connection.</summary>
    public async Task<MqttLinkEnd?> OpenAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            var accepted = await _client.ConnectAsync(PackageMapping.ToPackage(_options, _throttle), either.Token);
            if (accepted.ResultCode != MqttClientConnectResultCode.Success)
            {
                // A broker of MQTT 3.1.1 answers with its own small numbers; 1 is "unacceptable protocol version"
                // there.
                var code = (int)accepted.ResultCode;
                code = code == 1 ? ReasonCodes.UnsupportedProtocolVersion : code;
                return MqttLinkEnd.FromBroker($"{Broker} refuses the connection", code, accepted.ReasonString);
            }
            SessionPresent = accepted.IsSessionPresent;
            _window = new OutgoingWindow(_client, _options, accepted, _time, End);
            var refusal = subscriptions.Count == 0 ? null : await SubscribeAsync(subscriptions, either.Token);
            _throttle.Start();
            return refusal;
        }
        // One unit of work is one attempt: whatever the package throws becomes the reason of the next wait.
        catch (Exception e)
        {
            return timeout.IsCancellationRequested
                ? new(null, $"{Broker} did not answer within {_options.ConnectTimeout.TotalSeconds:0.#} s")
                : new(null, $"cannot reach {Broker}: {e.GetBaseException().Message}");
        }
    }

    /// <summary>True when messages wait to be taken, false when none will come any more.</summary>
    public ValueTask<bool> WaitAsync() => _received.Reader.WaitToReadAsync();

    /// <summary>The next messages in the order of receipt; none when none wait.</summary>
    public List<MqttMessage> TakeBatch(int limit)
    {
        _taken.Clear();
        while (_taken.Count < limit && _received.Reader.TryRead(out var message))
        {
            _taken.Add(message);
        }
        return _taken.ConvertAll(message => PackageMapping.FromPackage(message.ApplicationMessage));
    }

    /// <summary>Acknowledges the messages last taken, in the order of receipt (rule MQTT-4.6.0-2).</summary>
    public async Task AcknowledgeBatchAsync()
    {
        try
        {
            foreach (var message in _taken)
            {
                await message.AcknowledgeAsync(CancellationToken.None).WaitAsync(_options.PublishTimeout, _time);
            }
        }
        // The batch is committed, so its owner knows the messages when they come again.
        catch (Exception e)
        {
            End(new(null, $"acknowledging failed: {e.GetBaseException().Message}"));
        }
        _throttle.Remove(_taken.Count);
        _taken.Clear();
    }

    /// <summary>Publishes and waits for the acknowledgement.</summary>
    public Task<MqttPublishResult> PublishAsync(MqttOutgoing message) => _window!.PublishAsync(message);

    /// <summary>Asks whether the broker is there, without waiting for the answer; no answer ends the link.</summary>
    /// <remarks>
    /// The package pings only after a time without sending, so a lost broker would not be noticed while we publish.
    /// </remarks>
    public void StartPing()
    {
        if (_ping.IsCompleted)
        {
            _ping = PingAsync();
        }
    }

    /// <summary>Says goodbye, so that no Will is sent.</summary>
    public Task CloseAsync() => CloseAsync(MqttClientDisconnectOptionsReason.NormalDisconnection);

    /// <summary>Leaves without acknowledging what was taken; the broker sends it again, and keeps the Will.</summary>
    public Task AbandonAsync() => CloseAsync(MqttClientDisconnectOptionsReason.UnspecifiedError);

    public async ValueTask DisposeAsync()
    {
        End(new(null, "closed by us"));
        _client.Dispose();
        // Only QoS 0 is lost here; QoS 1 comes again.
        while (_received.Reader.TryRead(out var message))
        {
            CountIfLost(message);
        }
        await _ping;
        _window?.Dispose();
    }

    private string Broker => $"{_options.Host}:{_options.Port}";

    private async Task<MqttLinkEnd?> SubscribeAsync(
        IReadOnlyList<MqttSubscription> subscriptions, CancellationToken stop)
    {
        var granted = await _client.SubscribeAsync(PackageMapping.ToPackage(subscriptions), stop);
        foreach (var item in granted.Items)
        {
            var code = (int)item.ResultCode;
            if (code >= ReasonCodes.UnspecifiedError)
            {
                var what = $"{Broker} refuses the subscription to {item.TopicFilter.Topic}";
                return MqttLinkEnd.FromBroker(what, code, granted.ReasonString);
            }
        }
        return null;
    }

    /// <summary>Takes the subscriptions back; what is on its way still comes.</summary>
    public async Task UnsubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions)
    {
        try
        {
            using var timeout = new CancellationTokenSource(ClosingTimeout, _time);
            var filters = new MqttClientUnsubscribeOptions
            {
                TopicFilters = [.. subscriptions.Select(subscription => subscription.Filter)],
            };
            await _client.UnsubscribeAsync(filters, timeout.Token);
        }
        catch (Exception e)
        {
            End(new(null, $"unsubscribing failed: {e.GetBaseException().Message}"));
        }
    }

    private async Task PingAsync()
    {
        try
        {
            using var timeout = new CancellationTokenSource(_options.KeepAlive / 2, _time);
            await _client.PingAsync(timeout.Token);
        }
        catch (Exception)
        {
            End(new(null, $"{Broker} did not answer a ping within {_options.KeepAlive.TotalSeconds / 2:0.#} s"));
        }
    }

    private async Task CloseAsync(MqttClientDisconnectOptionsReason reason)
    {
        try
        {
            using var timeout = new CancellationTokenSource(ClosingTimeout, _time);
            await _client.DisconnectAsync(new MqttClientDisconnectOptions { Reason = reason }, timeout.Token);
        }
        catch (Exception e)
        {
            End(new(null, $"the goodbye failed: {e.GetBaseException().Message}"));
        }
    }

    /// <summary>Runs on a thread of the package, which must not be kept waiting: its own queue has no limit.</summary>
    private Task Enqueue(MqttApplicationMessageReceivedEventArgs message)
    {
        message.AutoAcknowledge = false;
        if (!_received.Writer.TryWrite(message))
        {
            CountIfLost(message);
        }
        return Task.CompletedTask;
    }

    private static bool IsQos0(MqttApplicationMessageReceivedEventArgs message) =>
        (MqttQos)message.ApplicationMessage.QualityOfServiceLevel == MqttQos.AtMostOnce;

    private void CountIfLost(MqttApplicationMessageReceivedEventArgs message)
    {
        if (IsQos0(message))
        {
            _dropped();
        }
    }

    private Task OnDisconnected(MqttClientDisconnectedEventArgs lost)
    {
        var code = (int)lost.Reason;
        var unexpected = lost.Exception?.GetBaseException();
        var brokerSpoke = unexpected is null or MqttClientUnexpectedDisconnectReceivedException;
        End(brokerSpoke && code >= ReasonCodes.UnspecifiedError
            ? MqttLinkEnd.FromBroker($"{Broker} ended the connection", code, lost.ReasonString)
            : new(null, $"lost {Broker}: {unexpected?.Message ?? "connection closed"}"));
        return Task.CompletedTask;
    }

    private void End(MqttLinkEnd end)
    {
        if (_ended.TrySetResult(end))
        {
            _received.Writer.TryComplete();
        }
    }
}
