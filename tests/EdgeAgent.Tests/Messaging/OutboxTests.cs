using EdgeAgent.Messaging;
using EdgeAgent.Tests.Mqtt;
using EdgeAgent.Tests.Simulators;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Messaging;

/// <summary>Answers wait for the broker, refusals only so many of them.</summary>
public sealed class OutboxTests
{
    private readonly MessagingCounters _counters = new();
    private readonly Outbox _outbox;

    public OutboxTests() => _outbox = new Outbox(_counters, TimeProvider.System, NullLogger<Outbox>.Instance);

    [Fact]
    public void Answers_are_kept_without_a_broker_however_many()
    {
        for (var i = 0; i < 3000; i++)
        {
            _counters.Accepted();
            _outbox.Add(Outgoing($"{i}", isAnswer: true));
        }
        Assert.Equal(3000, _outbox.Count);
        Assert.Equal((3000, 0), (Reading("answers_pending"), Reading("answers_dropped_total")));
    }

    [Fact]
    public void Refusals_are_bounded_and_those_beyond_are_counted()
    {
        for (var i = 0; i < 1030; i++)
        {
            _outbox.Add(Outgoing($"{i}", isAnswer: false));
        }
        Assert.Equal((1024, 6), (_outbox.Count, Reading("refusals_dropped_total")));
        _outbox.Add(Outgoing("an answer still has room", isAnswer: true));
        Assert.Equal(1025, _outbox.Count);
    }

    [Fact]
    public async Task Without_a_connection_a_drain_does_not_wait() =>
        Assert.False(await WithOne().DrainAsync(TimeSpan.FromHours(1)));

    [Fact]
    public async Task What_waited_is_published_in_order_once_a_broker_is_there_and_survives_its_restart()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var device =
            await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "device"), "answers/#");
        _counters.Accepted();
        _counters.Accepted();
        _outbox.Add(Outgoing("first", isAnswer: true));
        _outbox.Add(Outgoing("second", isAnswer: true));
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "agent"));
        _outbox.Use(agent.Connection);
        await device.UntilAsync(() => device.Messages.Count >= 2);
        Assert.Equal(["first", "second"], device.Texts);
        Assert.True(await _outbox.DrainAsync(ConnectionProbe.Patience));

        await broker.KillAsync();
        await agent.UntilAsync(() => !agent.Connection.IsConnected);
        _counters.Accepted();
        _outbox.Add(Outgoing("third", isAnswer: true));
        Assert.Equal(1, _outbox.Count);
        await broker.StartAsync();
        await agent.UntilConnectedAsync(2);
        await device.UntilConnectedAsync(2);
        _outbox.Use(agent.Connection);

        await device.UntilAsync(() => device.Texts.Contains("third"));
        Assert.True(await _outbox.DrainAsync(ConnectionProbe.Patience));
        Assert.Equal((3, 0), (Reading("answers_delivered_total"), Reading("answers_pending")));
    }

    private Outbox WithOne()
    {
        _outbox.Add(Outgoing("x", isAnswer: true));
        return _outbox;
    }

    private double Reading(string name)
    {
        var readings = new Dictionary<string, double>();
        _counters.AddTo(readings);
        return readings[name];
    }

    private static OutgoingAnswer Outgoing(string text, bool isAnswer) =>
        new(new Addressee("answers/a", null), System.Text.Encoding.UTF8.GetBytes(text), isAnswer);
}
