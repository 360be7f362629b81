using System.Text;

namespace EdgeAgent.Mqtt;

/// <summary>Keeps one MQTT 5 session with a broker: connects for ever, hands over batches, publishes.</summary>
/// <remarks>
/// A loop of its own does everything: <see cref="RunAsync"/> runs it once. Messages are acknowledged only after
/// <see cref="MqttCallbacks.Received"/> returned, in the order of receipt; until then the broker keeps them.
/// </remarks>
public sealed class MqttConnection
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// A connection that held this long starts the back-off over; a broker that accepts and drops at once does not.
    /// </summary>
    private static readonly TimeSpan HeldLongEnough = TimeSpan.FromSeconds(10);

    /// <summary>A stop must end long before systemd's patience (90 s) does, also when the network is dead.</summary>
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    /// <summary>A broker that goes on sending after we unsubscribed is not waited for.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    private const int ShortLivedLimit = 3;

    private readonly MqttOptions _options;
    private readonly IReadOnlyList<MqttSubscription> _subscriptions;
    private readonly MqttCallbacks _callbacks;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private volatile MqttLink? _link;
    private long _droppedCount;
    private int _shortLivedCount;
    private int _started;

    /// <summary>Makes a connection; <see cref="RunAsync"/> starts it.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names each.</exception>
    public MqttConnection(
        MqttOptions options, IReadOnlyList<MqttSubscription> subscriptions, MqttCallbacks callbacks, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Verify();
        _options = options;
        _subscriptions = subscriptions;
        _callbacks = callbacks;
        _time = time;
        var seed = options.Seed ?? SeedFrom(options.ClientId);
        _backoff = new Backoff(options.BackoffMinimum, options.BackoffMaximum, seed);
    }

    /// <summary>
    /// Messages at QoS 0 that waited here when their connection ended and were lost; QoS 1 comes again.
    /// </summary>
    public long DroppedCount => Interlocked.Read(ref _droppedCount);

    /// <summary>Connected and subscribed at this moment.</summary>
    public bool IsConnected => _link is not null;

    /// <summary>
    /// Publishes; completes within <see cref="MqttOptions.PublishTimeout"/>. May be called by any thread.
    /// </summary>
    /// <remarks>
    /// The order of two publishings is kept only when the second begins after the first has completed.
    /// </remarks>
    public Task<MqttPublishResult> PublishAsync(MqttOutgoing message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return _link is { } link
            ? link.PublishAsync(message)
            : Task.FromResult(new MqttPublishResult(MqttPublishOutcome.NotConnected, null, "not connected"));
    }

    /// <summary>
    /// Runs until <paramref name="stop"/>; then the batch in hand is finished, the farewell sent, and the session
    /// left.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("A connection runs once; make another.");
        }
        while (!stop.IsCancellationRequested)
        {
            Report(new MqttState(MqttStateKind.Connecting, $"connecting to {_options}"));
            var began = _time.GetTimestamp();
            var end = await ServeOneLinkAsync(stop);
            if (stop.IsCancellationRequested)
            {
                break;
            }
            if (_time.GetElapsedTime(began) >= HeldLongEnough)
            {
                _backoff.Reset();
                _shortLivedCount = 0;
            }
            await RestAsync(end, stop);
        }
        Report(new MqttState(MqttStateKind.Stopped, "stopped"));
    }

    private async Task<MqttLinkEnd> ServeOneLinkAsync(CancellationToken stop)
    {
        await using var link = new MqttLink(_options, _time, () => Interlocked.Increment(ref _droppedCount));
        var opening = link.OpenAsync(_subscriptions, stop);
        await ShowProgressUntilAsync(opening);
        if (await opening is { } refusal)
        {
            await link.CloseAsync();
            return refusal;
        }
        try
        {
            _link = link;
            Report(new MqttState(MqttStateKind.Connected, $"connected to {_options}")
            {
                SessionPresent = link.SessionPresent,
            });
            var end = await PumpAsync(link, stop);
            // Mosquitto 2.0.11 closes a session that was taken over without a word, so it can only be guessed.
            return end.ReasonCode is null && !end.IsOurs && ++_shortLivedCount >= ShortLivedLimit
                ? end with
                {
                    Reason = $"{end.Reason} (soon after connecting, {_shortLivedCount} times; "
                    + $"does another client use the identifier {_options.ClientId}?)"
                }
                : end;
        }
        finally
        {
            _link = null;
        }
    }

    /// <summary>Batch after batch until the link ends, the handler throws, or we stop.</summary>
    private async Task<MqttLinkEnd> PumpAsync(MqttLink link, CancellationToken stop)
    {
        var pinged = _time.GetTimestamp();
        var waiting = link.WaitAsync().AsTask();
        while (!stop.IsCancellationRequested && !link.Ended.IsCompleted)
        {
            await WaitAsync(waiting, ProgressInterval, stop);
            if (waiting.IsCompleted)
            {
                if (await HandleBatchAsync(link) is { } failure)
                {
                    await link.AbandonAsync();
                    return failure;
                }
                waiting = link.WaitAsync().AsTask();
            }
            if (_time.GetElapsedTime(pinged) >= _options.KeepAlive)
            {
                pinged = _time.GetTimestamp();
                link.StartPing();
            }
        }
        if (stop.IsCancellationRequested)
        {
            await TakeRestAsync(link, waiting);
            await LeaveAsync(link);
        }
        return await link.Ended;
    }

    /// <summary>Unsubscribes and takes what still comes, where the options want that before leaving.</summary>
    private async Task TakeRestAsync(MqttLink link, Task<bool> waiting)
    {
        if (_options.LeaveQuiet == TimeSpan.Zero || link.Ended.IsCompleted)
        {
            return;
        }
        await ShowProgressUntilAsync(link.UnsubscribeAsync(_subscriptions));
        var (began, last) = (_time.GetTimestamp(), _time.GetTimestamp());
        while (!link.Ended.IsCompleted && _time.GetElapsedTime(last) < _options.LeaveQuiet
            && _time.GetElapsedTime(began) < LongestRest)
        {
            await WaitAsync(waiting, _options.LeaveQuiet / 4, CancellationToken.None);
            if (waiting.IsCompleted)
            {
                last = _time.GetTimestamp();
                if (await HandleBatchAsync(link) is not null)
                {
                    return;
                }
                waiting = link.WaitAsync().AsTask();
            }
            _callbacks.Progressed?.Invoke();
        }
    }

    private async Task<MqttLinkEnd?> HandleBatchAsync(MqttLink link)
    {
        var batch = link.TakeBatch(_options.BatchLimitCount);
        if (batch.Count == 0)
        {
            return null;
        }
        try
        {
            await _callbacks.Received(batch);
        }
        // One batch is one unit of work: whatever its handler throws means "not committed".
        catch (Exception e)
        {
            var reason = $"the handler refused a batch of {batch.Count}: {e.GetType().Name}: {e.Message}";
            return new(null, reason) { IsOurs = true };
        }
        await ShowProgressUntilAsync(link.AcknowledgeBatchAsync());
        return null;
    }

    private async Task LeaveAsync(MqttLink link)
    {
        if (_callbacks.Farewell?.Invoke() is { } farewell)
        {
            await WaitAsync(link.PublishAsync(farewell), FarewellTimeout, CancellationToken.None);
        }
        await link.CloseAsync();
    }

    private async Task RestAsync(MqttLinkEnd end, CancellationToken stop)
    {
        var needsAPerson = end.ReasonCode is { } code && ReasonCodes.NeedsAPerson(code);
        var left = _backoff.Next();
        left = needsAPerson ? _options.RefusedRetry + left : left;
        Report(new MqttState(needsAPerson ? MqttStateKind.Refused : MqttStateKind.Disconnected, end.Reason)
        {
            ReasonCode = end.ReasonCode,
            RetryIn = left,
        });
        while (left > TimeSpan.Zero && !stop.IsCancellationRequested)
        {
            var slice = left < ProgressInterval ? left : ProgressInterval;
            await WaitAsync(Task.Delay(slice, _time, stop), slice, stop);
            left -= slice;
        }
    }

    private async Task ShowProgressUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            await WaitAsync(task, ProgressInterval, CancellationToken.None);
        }
    }

    /// <summary>
    /// Waits for <paramref name="task"/>, but no longer than <paramref name="limit"/>, and shows that the loop is
    /// alive.
    /// </summary>
    private async Task WaitAsync(Task task, TimeSpan limit, CancellationToken stop)
    {
        if (!task.IsCompleted)
        {
            await task.WaitAsync(limit, _time, stop).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        _callbacks.Progressed?.Invoke();
    }

    private void Report(MqttState state) => _callbacks.StateChanged?.Invoke(state);

    /// <summary>FNV-1a: the same in every process, unlike <see cref="string.GetHashCode()"/>.</summary>
    private static int SeedFrom(string clientId)
    {
        var hash = 2166136261u;
        foreach (var value in Encoding.UTF8.GetBytes(clientId))
        {
            hash = (hash ^ value) * 16777619u;
        }
        return (int)hash;
    }
}
