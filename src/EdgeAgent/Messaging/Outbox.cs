using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Messaging;

/// <summary>A body on its way to whoever asked.</summary>
/// <param name="IsAnswer">The result of an accepted request; else the refusal of one that was not taken in.</param>
internal sealed record OutgoingAnswer(Addressee To, byte[] Body, bool IsAnswer);

/// <summary>Publishes answers and refusals at QoS 1, and keeps answers while the broker is away.</summary>
/// <remarks>
/// In memory: a restart forgets it. Answers of accepted requests are kept until they are delivered or refused by the
/// broker; there are never more of them than requests that were accepted. Refusals are bounded and given up when there
/// is no connection, because they can be asked for again.
/// </remarks>
internal sealed partial class Outbox(MessagingCounters counters, TimeProvider time, ILogger<Outbox> logger)
{
    private const int MaximumRefusals = 1024;

    /// <summary>Publishings that wait for their acknowledgement at once.</summary>
    private const int InFlight = 16;

    /// <summary>The pause after a failure: a connection that does not know of its end yet fails at once.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly LinkedList<OutgoingAnswer> _waiting = new();
    private int _refusals;
    private int _inFlight;
    private MqttConnection? _connection;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count + _inFlight;
            }
        }
    }

    /// <summary>Names the connection, and sends what waited for one. Any thread.</summary>
    public void Use(MqttConnection connection)
    {
        _connection = connection;
        Send();
    }

    /// <summary>Takes a body in and sends it as soon as possible. Any thread.</summary>
    public void Add(OutgoingAnswer answer)
    {
        lock (_lock)
        {
            if (!answer.IsAnswer && ++_refusals > MaximumRefusals)
            {
                _refusals--;
                counters.RefusalDropped();
                return;
            }
            _waiting.AddLast(answer);
        }
        Send();
    }

    /// <summary>Waits until nothing is on its way any more; false when that took too long.</summary>
    /// <remarks>An answer that has just been computed is pending before it is here.</remarks>
    public async Task<bool> DrainAsync(TimeSpan patience)
    {
        var start = time.GetTimestamp();
        var isEmpty = () => Count == 0 && counters.Pending == 0;
        while (!isEmpty() && _connection is { IsConnected: true } && time.GetElapsedTime(start) < patience)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        }
        return isEmpty();
    }

    private void Send()
    {
        while (_connection is { IsConnected: true } connection && Next() is { } answer)
        {
            _ = PublishAsync(connection, answer);
        }
    }

    private OutgoingAnswer? Next()
    {
        lock (_lock)
        {
            if (_inFlight >= InFlight || _waiting.First is not { } first)
            {
                return null;
            }
            _waiting.RemoveFirst();
            _inFlight++;
            return first.Value;
        }
    }

    private async Task PublishAsync(MqttConnection connection, OutgoingAnswer answer)
    {
        var result = await connection.PublishAsync(new MqttOutgoing
        {
            Topic = answer.To.Topic,
            CorrelationData = answer.To.CorrelationData,
            Payload = answer.Body,
            ContentType = ContentTypeRules.Json,
            PayloadIsText = true,
        }).ConfigureAwait(false);
        bool settled;
        lock (_lock)
        {
            _inFlight--;
            settled = Settle(answer, result);
        }
        if (!settled)
        {
            await Task.Delay(RetryPause, time).ConfigureAwait(false);
        }
        Send();
    }

    /// <summary>False where the answer waits again.</summary>
    private bool Settle(OutgoingAnswer answer, MqttPublishResult result)
    {
        var final = result.Outcome is MqttPublishOutcome.Delivered or MqttPublishOutcome.Refused
            or MqttPublishOutcome.TooLarge;
        if (answer.IsAnswer && !final)
        {
            // The broker may have it already: delivered at least once.
            _waiting.AddFirst(answer);
            return false;
        }
        if (!answer.IsAnswer)
        {
            _refusals--;
        }
        if (result.IsDelivered)
        {
            if (answer.IsAnswer)
            {
                counters.Delivered();
            }
            return true;
        }
        LogDropped(answer.To.Topic, result.Reason);
        if (answer.IsAnswer)
        {
            counters.Dropped();
        }
        else
        {
            counters.RefusalDropped();
        }
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not published to {Topic}: {Reason}")]
    private partial void LogDropped(string topic, string reason);
}
