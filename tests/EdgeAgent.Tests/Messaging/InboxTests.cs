using System.Text;
using EdgeAgent.Messaging;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Hosting;
using EdgeAgent.Tests.Serving;

namespace EdgeAgent.Tests.Messaging;

/// <summary>
/// A request is run once, whoever sends it how often, and is remembered as long as it may come again.
/// </summary>
public sealed class InboxTests
{
    private static readonly byte[] Answer = "answer"u8.ToArray();

    private readonly ManualClock _clock = new();
    private readonly Inbox _inbox;

    public InboxTests() => _inbox = new Inbox(_clock);

    // [P-35]
    [Fact]
    public void A_new_request_is_taken_in_and_the_same_one_joins_it()
    {
        var (verdict, entry) = Add("a", "body", "first");
        Assert.Equal(InboxVerdict.Accepted, verdict);
        Assert.Equal((InboxVerdict.Joined, entry), Add("a", "body", "second"));
        Assert.Equal(["first", "second"], _inbox.Complete(entry!, Answer).Select(to => to.Topic));
    }

    [Fact]
    public void A_redelivery_to_the_same_addressee_gets_one_answer()
    {
        var (_, entry) = Add("a", "body", "first");
        Add("a", "body", "first");
        Add("a", "body", "second");
        Add("a", "body", "second");
        Assert.Equal(["first", "second"], _inbox.Complete(entry!, Answer).Select(to => to.Topic));
    }

    [Fact]
    public void Correlation_data_tells_two_addressees_of_one_topic_apart()
    {
        var (_, entry) = _inbox.Add("t", "a", "b"u8, new Addressee("to", "1"u8.ToArray()), Ticket);
        Assert.Equal(InboxVerdict.Joined,
            _inbox.Add("t", "a", "b"u8, new Addressee("to", "2"u8.ToArray()), Ticket).Verdict);
        Assert.Equal(InboxVerdict.Joined, _inbox.Add("t", "a", "b"u8, new Addressee("to", null), Ticket).Verdict);
        Assert.Equal(3, _inbox.Complete(entry!, Answer).Count);
    }

    [Fact]
    public void After_the_answer_the_stored_one_is_given_again()
    {
        var (_, entry) = Add("a", "body");
        _inbox.Complete(entry!, Answer);
        var (verdict, again) = Add("a", "body");
        Assert.Equal(InboxVerdict.Answered, verdict);
        Assert.Same(Answer, again!.Answer);
    }

    [Fact]
    public void The_same_id_with_another_body_is_a_conflict_while_it_runs_and_after()
    {
        var (_, entry) = Add("a", "body");
        Assert.Equal(InboxVerdict.Conflict, Add("a", "other").Verdict);
        _inbox.Complete(entry!, Answer);
        Assert.Equal(InboxVerdict.Conflict, Add("a", "other").Verdict);
    }

    [Fact]
    public void The_same_id_on_another_topic_is_another_request()
    {
        Add("a", "body");
        Assert.Equal(InboxVerdict.Accepted,
            _inbox.Add("other topic", "a", "x"u8, new Addressee("to", null), Ticket).Verdict);
    }

    [Fact]
    public void An_answered_request_is_forgotten_ten_minutes_after_its_deadline()
    {
        var (_, entry) = Add("a", "body");
        _inbox.Complete(entry!, Answer);
        _clock.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromTicks(1));
        Assert.Equal(InboxVerdict.Conflict, Add("a", "other").Verdict);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(InboxVerdict.Accepted, Add("a", "other").Verdict);
    }

    [Fact]
    public void A_request_that_still_runs_is_never_forgotten()
    {
        Add("a", "body");
        _clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(InboxVerdict.Joined, Add("a", "body", "later").Verdict);
    }

    [Fact]
    public void A_full_inbox_forgets_the_oldest_answered_and_refuses_when_all_run()
    {
        var entries = Enumerable.Range(0, Inbox.MaximumEntries).Select(i => Add($"{i}", "body").Entry!).ToArray();
        Assert.Equal(InboxVerdict.Full, Add("one more", "body").Verdict);
        Assert.Equal(InboxVerdict.Joined, Add("0", "body", "joins even now").Verdict);

        _inbox.Complete(entries[5], Answer);
        _inbox.Complete(entries[9], Answer);
        Assert.Equal(InboxVerdict.Accepted, Add("one more", "body").Verdict);
        Assert.Equal(InboxVerdict.Answered, Add("9", "body").Verdict);
    }

    [Fact]
    public void Too_many_who_join_are_refused()
    {
        Add("a", "body", "owner");
        Assert.All(Enumerable.Range(0, Inbox.MaximumJoined), i =>
            Assert.Equal(InboxVerdict.Joined, Add("a", "body", $"to/{i}").Verdict));
        Assert.Equal(InboxVerdict.Full, Add("a", "body", "one too many").Verdict);
        // Who is there already joins again: the broker delivers twice.
        Assert.Equal(InboxVerdict.Joined, Add("a", "body", "to/3").Verdict);
    }

    [Fact]
    public void What_was_taken_out_again_is_new_when_it_comes_again()
    {
        var (_, entry) = Add("a", "body");
        _inbox.Remove(entry!);
        _inbox.Remove(entry!);
        Assert.Equal(InboxVerdict.Accepted, Add("a", "other").Verdict);
    }

    [Fact]
    public void A_cancel_reaches_what_runs_and_nothing_else()
    {
        var (_, entry) = Add("a", "body");
        Assert.Equal(0, _inbox.Cancel("t", "b"));
        Assert.Equal(0, _inbox.Cancel("other topic", "a"));
        Assert.Equal(1, _inbox.Cancel("t", "a"));
        Assert.Equal(ServingFault.Cancelled, entry!.Ticket.Interruption?.Fault);
        _inbox.Complete(entry, Answer);
        Assert.Equal(0, _inbox.Cancel("t", "a"));
    }

    private (InboxVerdict Verdict, InboxEntry? Entry) Add(string id, string body, string to = "to") =>
        _inbox.Add("t", id, Encoding.UTF8.GetBytes(body), new Addressee(to, null), Ticket);

    private PromptTicket Ticket() => Served.Ticket(Served.Request(timeout: TimeSpan.FromMinutes(5)), _clock);
}
