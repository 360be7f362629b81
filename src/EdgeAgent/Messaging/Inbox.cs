using System.Security.Cryptography;
using EdgeAgent.Protocol;
using EdgeAgent.Serving;

namespace EdgeAgent.Messaging;

/// <summary>Where one answer goes: a topic, and the data by which its requester knows it again.</summary>
internal sealed record Addressee(string Topic, ReadOnlyMemory<byte>? CorrelationData);

/// <summary>
/// A request that was accepted: known by topic and id until its deadline and ten minutes have passed.
/// </summary>
internal sealed class InboxEntry(string topic, string id, byte[] bodyHash, PromptTicket ticket, Addressee addressee)
{
    public string Topic { get; } = topic;

    public string Id { get; } = id;

    public byte[] BodyHash { get; } = bodyHash;

    public PromptTicket Ticket { get; } = ticket;

    public Addressee Addressee { get; } = addressee;

    /// <summary>Those who sent the same request again while it ran.</summary>
    public List<Addressee> Others { get; } = [];

    /// <summary>The body of the answer, once there is one.</summary>
    public byte[]? Answer { get; set; }

    public required long ForgetAt { get; init; }
}

/// <summary>What the inbox says to an arriving request.</summary>
internal enum InboxVerdict
{
    /// <summary>New: it was taken in.</summary>
    Accepted,

    /// <summary>The same request again while it runs: the one answer will go here too.</summary>
    Joined,

    /// <summary>The same request again after its answer: here is the stored one.</summary>
    Answered,

    /// <summary>The same id with another body.</summary>
    Conflict,

    /// <summary>No room to remember it.</summary>
    Full,
}

/// <summary>The requests of the last minutes, so that a duplicate is answered once and never run twice.</summary>
/// <remarks>
/// In memory and bounded: a restart forgets it. When it is full the oldest answered requests make room; requests that
/// still run are never forgotten.
/// </remarks>
internal sealed class Inbox(TimeProvider time)
{
    public const int MaximumEntries = 4096;
    public const int MaximumJoined = 16;
    private static readonly TimeSpan RememberedAfterDeadline = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly LinkedList<InboxEntry> _byAge = new();
    private readonly Dictionary<(string Topic, string Id), LinkedListNode<InboxEntry>> _byId = [];

    /// <summary>[P-35] Looks a request up by topic and id, and takes it in when it is new.</summary>
    public (InboxVerdict Verdict, InboxEntry? Entry) Add(
        string topic, string id, ReadOnlySpan<byte> body, Addressee addressee, Func<PromptTicket> ticket)
    {
        var hash = SHA256.HashData(body);
        lock (_lock)
        {
            Forget();
            if (_byId.TryGetValue((topic, id), out var node))
            {
                return (Meet(node.Value, hash, addressee), node.Value);
            }
            if (_byId.Count >= MaximumEntries && !ForgetOldestAnswered())
            {
                return (InboxVerdict.Full, null);
            }
            var created = ticket();
            var entry = new InboxEntry(topic, id, hash, created, addressee)
            {
                ForgetAt = Later(created.Request.Timeout + RememberedAfterDeadline),
            };
            _byId.Add((topic, id), _byAge.AddLast(entry));
            return (InboxVerdict.Accepted, entry);
        }
    }

    /// <summary>Takes a request out again that was not accepted after all.</summary>
    public void Remove(InboxEntry entry)
    {
        lock (_lock)
        {
            if (_byId.Remove((entry.Topic, entry.Id), out var node))
            {
                _byAge.Remove(node);
            }
        }
    }

    /// <summary>Stores the answer and returns everyone who waits for it.</summary>
    public IReadOnlyList<Addressee> Complete(InboxEntry entry, byte[] answer)
    {
        lock (_lock)
        {
            entry.Answer = answer;
            return [entry.Addressee, .. entry.Others];
        }
    }

    /// <summary>[P-33] Asks the request with this topic and id to end; returns how many there were.</summary>
    public int Cancel(string topic, string id)
    {
        lock (_lock)
        {
            if (!_byId.TryGetValue((topic, id), out var node) || node.Value.Answer is not null)
            {
                return 0;
            }
            node.Value.Ticket.Interrupt(new PromptRefusal(ServingFault.Cancelled, "Cancelled by its sender."));
            return 1;
        }
    }

    private static InboxVerdict Meet(InboxEntry entry, byte[] hash, Addressee addressee)
    {
        if (!entry.BodyHash.AsSpan().SequenceEqual(hash))
        {
            return InboxVerdict.Conflict;
        }
        if (entry.Answer is not null)
        {
            return InboxVerdict.Answered;
        }
        // The broker delivers a message again after a broken connection: the same addressee needs one answer only.
        if (Same(entry.Addressee, addressee) || entry.Others.Any(other => Same(other, addressee)))
        {
            return InboxVerdict.Joined;
        }
        if (entry.Others.Count >= MaximumJoined)
        {
            return InboxVerdict.Full;
        }
        entry.Others.Add(addressee);
        return InboxVerdict.Joined;
    }

    private static bool Same(Addressee a, Addressee b) => a.Topic == b.Topic
        && (a.CorrelationData ?? default).Span.SequenceEqual((b.CorrelationData ?? default).Span);

    private void Forget()
    {
        var now = time.GetTimestamp();
        for (var node = _byAge.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.ForgetAt <= now && node.Value.Answer is not null)
            {
                Remove(node);
            }
            else if (node.Value.ForgetAt > now)
            {
                break;
            }
            node = next;
        }
    }

    private bool ForgetOldestAnswered()
    {
        for (var node = _byAge.First; node is not null; node = node.Next)
        {
            if (node.Value.Answer is not null)
            {
                Remove(node);
                return true;
            }
        }
        return false;
    }

    private void Remove(LinkedListNode<InboxEntry> node)
    {
        _byAge.Remove(node);
        _byId.Remove((node.Value.Topic, node.Value.Id));
    }

    private long Later(TimeSpan span) =>
        time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);
}
