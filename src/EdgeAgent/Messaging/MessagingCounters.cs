namespace EdgeAgent.Messaging;

/// <summary>Counts what became of every request that arrived, so that nothing is lost silently.</summary>
/// <remarks>
/// At every moment: received = accepted + refused + duplicate + expired, and
/// accepted = delivered + dropped + pending.
/// </remarks>
internal sealed class MessagingCounters
{
    private readonly Lock _lock = new();
    private long _accepted;
    private long _refused;
    private long _duplicate;
    private long _expired;
    private long _delivered;
    private long _dropped;
    private long _unknownFields;
    private long _refusalsDropped;

    /// <summary>Accepted requests whose answer is neither delivered nor dropped.</summary>
    public long Pending
    {
        get
        {
            lock (_lock)
            {
                return _accepted - _delivered - _dropped;
            }
        }
    }

    public void Accepted() => Add(ref _accepted);

    public void Refused() => Add(ref _refused);

    public void Duplicate() => Add(ref _duplicate);

    public void Expired() => Add(ref _expired);

    public void Delivered() => Add(ref _delivered);

    public void Dropped() => Add(ref _dropped);

    /// <summary>A refusal that could not be published; its request counts as refused already.</summary>
    public void RefusalDropped() => Add(ref _refusalsDropped);

    public void UnknownFields(int count) => Add(ref _unknownFields, count);

    /// <summary>All counters of one moment, by the names that telemetry shows.</summary>
    public void AddTo(IDictionary<string, double> readings)
    {
        lock (_lock)
        {
            readings["requests_received_total"] = _accepted + _refused + _duplicate + _expired;
            readings["requests_accepted_total"] = _accepted;
            readings["requests_refused_total"] = _refused;
            readings["requests_duplicate_total"] = _duplicate;
            readings["requests_expired_total"] = _expired;
            readings["answers_delivered_total"] = _delivered;
            readings["answers_dropped_total"] = _dropped;
            readings["answers_pending"] = Pending;
            readings["refusals_dropped_total"] = _refusalsDropped;
            readings["unknown_fields_total"] = _unknownFields;
        }
    }

    private void Add(ref long counter, long count = 1)
    {
        lock (_lock)
        {
            counter += count;
        }
    }
}
