using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>The requests that wait, in lanes: urgent ones first, then in the order in which they came.</summary>
/// <remarks>Bounded over all lanes; a full queue refuses, it never forgets.</remarks>
internal sealed class PromptQueue(int capacity, PlanInForce inForce)
{
    private readonly Queue<PromptTicket>[] _lanes = [new(), new(), new()];
    private readonly object _lock = new();
    private int _count;
    private bool _closed;

    public int Count => Volatile.Read(ref _count);

    public int Capacity => capacity;

    /// <summary>Takes a request in, or says why not.</summary>
    public PromptRefusal? TryAdd(PromptTicket ticket)
    {
        if (AdmissionRules.Refusal(inForce.Plan, ticket.Request.Lane) is { } refusal)
        {
            return refusal;
        }
        lock (_lock)
        {
            if (_closed)
            {
                return new PromptRefusal(ServingFault.ShuttingDown, "The agent is stopping. Send the request again.");
            }
            if (_count >= capacity)
            {
                return new PromptRefusal(ServingFault.QueueFull,
                    $"{_count} requests wait already, which is the limit. Send the request again later.");
            }
            _lanes[(int)ticket.Request.Lane].Enqueue(ticket);
            _count++;
            Monitor.PulseAll(_lock);
        }
        return null;
    }

    /// <summary>The next request, or null when none came in time or somebody called <see cref="Wake"/>.</summary>
    /// <param name="last">Lanes behind this one stay as they are.</param>
    public PromptTicket? Take(TimeSpan patience, Lane last = Lane.Batch)
    {
        lock (_lock)
        {
            if (_count == 0 && patience > TimeSpan.Zero)
            {
                Monitor.Wait(_lock, patience);
            }
            return Next(last);
        }
    }

    /// <summary>Waits so long, or until a request comes or somebody called <see cref="Wake"/>.</summary>
    public void Pause(TimeSpan length)
    {
        lock (_lock)
        {
            Monitor.Wait(_lock, length);
        }
    }

    /// <summary>Makes a waiting <see cref="Take"/> or <see cref="Pause"/> return.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>What waits now, in the order in which it will run.</summary>
    public IReadOnlyList<PromptTicket> Waiting()
    {
        lock (_lock)
        {
            return _count == 0 ? [] : _lanes.SelectMany(lane => lane).ToArray();
        }
    }

    /// <summary>Refuses at once what expired or was cancelled while it waited.</summary>
    public void RefuseEnded()
    {
        var ended = new List<PromptTicket>();
        lock (_lock)
        {
            foreach (var lane in _lanes)
            {
                for (var left = lane.Count; left > 0; left--)
                {
                    var ticket = lane.Dequeue();
                    if (ticket.Ended is null)
                    {
                        lane.Enqueue(ticket);
                    }
                    else
                    {
                        ended.Add(ticket);
                        _count--;
                    }
                }
            }
        }
        ended.ForEach(ticket => ticket.Complete(ticket.Ended!));
    }

    /// <summary>Takes no more in and returns what still waits.</summary>
    public IReadOnlyList<PromptTicket> Close()
    {
        lock (_lock)
        {
            _closed = true;
            var left = _lanes.SelectMany(lane => lane).ToArray();
            Array.ForEach(_lanes, lane => lane.Clear());
            _count = 0;
            return left;
        }
    }

    private PromptTicket? Next(Lane last)
    {
        for (var lane = Lane.Urgent; lane <= last; lane++)
        {
            if (_lanes[(int)lane].TryDequeue(out var ticket))
            {
                _count--;
                return ticket;
            }
        }
        return null;
    }
}
