namespace EdgeAgent.Sensors;

/// <summary>Runs all sources on a thread of its own and never waits longer than a snapshot's time for them.</summary>
/// <remarks>A read of sysfs can hang in its driver, and nothing can interrupt it. A source that hangs keeps the thread
/// it hangs on;
/// the others go on with a new thread from the next snapshot, and the values of the hanging one grow old. There are
/// never more
/// threads than sources plus one. Run is for one caller at a time.</remarks>
internal sealed class SourceRunner : IDisposable
{
    private readonly SourceSlot[] _slots;
    private Worker? _worker;

    public SourceRunner(BoardFiles board, TimeProvider time, IEnumerable<ISensorSource> sources, TimeSpan scanInterval)
    {
        _slots = [.. sources.Select(source => new SourceSlot(source, board, time, scanInterval))];
    }

    public IReadOnlyList<SourceSlot> Slots => _slots;

    /// <summary>Reads every source that is not hanging; false where one of them did not end in time.</summary>
    public bool Run(TimeSpan budget)
    {
        _worker ??= new Worker(_slots);
        if (_worker.Run(budget))
        {
            return true;
        }
        _worker.Abandon();
        _worker = null;
        return false;
    }

    public void Dispose()
    {
        _worker?.Abandon();
        _worker = null;
        foreach (var slot in _slots)
        {
            slot.Release();
        }
    }

    /// <summary>A thread that reads the slots, one round for each signal.</summary>
    private sealed class Worker
    {
        private readonly SourceSlot[] _slots;
        private readonly object _gate = new();
        private bool _hasWork;
        private bool _isDone;
        private volatile bool _isAbandoned;

        public Worker(SourceSlot[] slots)
        {
            _slots = slots;
            new Thread(Loop) { IsBackground = true, Name = "sensors" }.Start();
        }

        public bool Run(TimeSpan budget)
        {
            lock (_gate)
            {
                (_hasWork, _isDone) = (true, false);
                Monitor.PulseAll(_gate);
                return _isDone || (Monitor.Wait(_gate, budget) && _isDone);
            }
        }

        public void Abandon()
        {
            lock (_gate)
            {
                _isAbandoned = true;
                Monitor.PulseAll(_gate);
            }
        }

        private void Loop()
        {
            while (WaitForWork())
            {
                foreach (var slot in _slots)
                {
                    if (_isAbandoned)
                    {
                        return;
                    }
                    slot.TryRead();
                }
                lock (_gate)
                {
                    _isDone = true;
                    Monitor.PulseAll(_gate);
                }
            }
        }

        private bool WaitForWork()
        {
            lock (_gate)
            {
                while (!_hasWork && !_isAbandoned)
                {
                    Monitor.Wait(_gate);
                }
                _hasWork = false;
                return !_isAbandoned;
            }
        }
    }
}

/// <summary>One source with its last readings; whoever claims it reads it.</summary>
internal sealed class SourceSlot
{
    /// <summary>A device that went away is looked for again no sooner than this.</summary>
    private static readonly TimeSpan s_rescan = TimeSpan.FromSeconds(5);

    private readonly ISensorSource _source;
    private readonly BoardFiles _board;
    private readonly TimeProvider _time;
    private readonly TimeSpan _scanInterval;
    private ReadingList _spare;
    private volatile ReadingList? _latest;
    private long? _scannedAt;
    private bool _hasChanged;
    private int _isClaimed;
    private volatile bool _isReleased;
    private string? _fault;

    public SourceSlot(ISensorSource source, BoardFiles board, TimeProvider time, TimeSpan scanInterval)
    {
        (_source, _board, _time, _scanInterval) = (source, board, time, scanInterval);
        _spare = new ReadingList(time);
    }

    public string Name => _source.Name;

    /// <summary>The readings of the last round that ended; they stay unchanged until the round after the next
    /// begins.</summary>
    public ReadingList? Latest => _latest;

    /// <summary>A thread is inside this source now.</summary>
    public bool IsBusy => Volatile.Read(ref _isClaimed) != 0;

    /// <summary>Set by the reader that has told people of the hanging source.</summary>
    public bool IsToldBlocked { get; set; }

    /// <summary>What the source has thrown since the last call; a fault of ours, never of a sensor.</summary>
    public string? TakeFault() => Interlocked.Exchange(ref _fault, null);

    public void TryRead()
    {
        if (_isReleased || Interlocked.CompareExchange(ref _isClaimed, 1, 0) != 0)
        {
            return;
        }
        try
        {
            if (_scannedAt is not { } at || _time.GetElapsedTime(at) >= (_hasChanged ? s_rescan : _scanInterval))
            {
                _scannedAt = _time.GetTimestamp();
                _source.Scan(_board);
            }
            var list = _spare;
            list.Begin();
            _source.Read(_board, list);
            _hasChanged = list.HasChanged;
            _spare = _latest ?? new ReadingList(_time);
            _latest = list;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A source is the unit of work: a fault of one leaves the others reading. Its last values grow stale.
            _fault = $"{e.GetType().Name}: {e.Message}";
            _spare = new ReadingList(_time);
        }
        finally
        {
            Volatile.Write(ref _isClaimed, 0);
        }
        if (_isReleased)
        {
            Release();
        }
    }

    /// <summary>Lets go of handles, unless a thread hangs in the source: then that thread does it.</summary>
    public void Release()
    {
        _isReleased = true;
        if (_source is IDisposable disposable && Interlocked.CompareExchange(ref _isClaimed, 1, 0) == 0)
        {
            disposable.Dispose();
        }
    }
}
