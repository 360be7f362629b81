namespace EdgeAgent.Mqtt;

/// <summary>Stops reading from the network while as many messages wait in memory as we want to hold.</summary>
/// <remarks>
/// The package reads as fast as the broker sends, into a queue without a limit. Receive Maximum does not help:
/// Mosquitto 2.0.11
/// forgets it after the first acknowledgement of a session that had queued messages (measured: 48 099 unacknowledged
/// at a Receive
/// Maximum of 32), and it never holds for QoS 0. So the limit is kept here, and TCP makes the broker wait.
/// </remarks>
internal sealed class ReceiveThrottle(int limit)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _full;
    private int _heldCount;
    private bool _started;

    /// <summary>Completes when there is room.</summary>
    public Task Room
    {
        get
        {
            lock (_lock)
            {
                return _full?.Task ?? Task.CompletedTask;
            }
        }
    }

    /// <summary>
    /// Begins to hold back. Before that nobody takes messages, and the answer to a SUBSCRIBE may come behind them.
    /// </summary>
    public void Start()
    {
        lock (_lock)
        {
            _started = true;
            Add(0);
        }
    }

    /// <summary>So many more messages are held in memory.</summary>
    public void Add(int count)
    {
        lock (_lock)
        {
            _heldCount += count;
            if (_started && _heldCount >= limit)
            {
                _full ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>So many messages are done with.</summary>
    public void Remove(int count)
    {
        lock (_lock)
        {
            _heldCount -= count;
            if (_heldCount < limit)
            {
                _full?.SetResult();
                _full = null;
            }
        }
    }
}
