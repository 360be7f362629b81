using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>A message belongs to the broker until our handler has returned.</summary>
public sealed class AcknowledgementTests
{
    [Fact]
    public async Task A_message_is_acknowledged_only_after_the_handler_returned()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        var commit = new TaskCompletionSource();
        await using var agent = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(relay.Port), "in/#", _ => new ValueTask(commit.Task));
        await using var peer = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "peer"));
        await peer.SendAsync("in/a", "one");
        await agent.UntilAsync(() => agent.Texts.Length == 1);

        Assert.Empty(PacketIdentifiersAcknowledged(relay.FromClient()));
        relay.Cut();
        commit.SetResult();
        await agent.UntilAsync(() => agent.Texts.Length == 2);

        Assert.Equal(["one", "one"], agent.Texts);
        Assert.True(agent.Messages.Last().Duplicate);
        await agent.UntilAsync(() => PacketIdentifiersAcknowledged(relay.FromClient()).Length == 1);
    }

    [Fact]
    public async Task A_message_that_was_acknowledged_does_not_come_again()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(relay.Port), "in/#");
        await using var peer = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "peer"));
        await peer.SendAsync("in/a", "one");
        await agent.UntilAsync(() => PacketIdentifiersAcknowledged(relay.FromClient()).Length == 1);
        relay.Cut();
        await agent.UntilConnectedAsync(2);
        await peer.SendAsync("in/a", "two");
        await agent.UntilAsync(() => agent.Texts.Contains("two"));

        Assert.Equal(["one", "two"], agent.Texts);
        Assert.True(agent.States.Last(state => state.Kind == EdgeAgent.Mqtt.MqttStateKind.Connected).SessionPresent);
    }

    [Fact]
    public async Task A_batch_that_the_handler_refuses_comes_again_whole_and_in_order()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        var calls = 0;
        await using (await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#"))
        {
            // Makes the session; the messages below wait for it at the broker.
        }
        string[] texts = [.. Enumerable.Range(0, 20).Select(i => $"{i}")];
        await using var peer = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "peer"));
        await peer.SendAsync("in/a", texts);
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#",
            _ => Interlocked.Increment(ref calls) == 1 ? throw new IOException("disk full") : ValueTask.CompletedTask);
        await agent.UntilAsync(() => agent.Texts.Length > 20 && agent.Texts[^1] == "19");

        var refused = await agent.UntilAsync(EdgeAgent.Mqtt.MqttStateKind.Disconnected);
        Assert.Contains("IOException: disk full", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(texts, agent.Texts[^20..]);
    }

    [Fact]
    public async Task Messages_are_acknowledged_in_the_order_of_receipt()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(relay.Port), "in/#");
        await using var peer = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "peer"));
        string[] texts = [.. Enumerable.Range(0, 100).Select(i => $"{i}")];
        await peer.SendAsync("in/a", texts);
        await agent.UntilAsync(() => PacketIdentifiersAcknowledged(relay.FromClient()).Length == 100);

        // Mosquitto numbers its packets to one client 1, 2, 3, … in the order of sending.
        Assert.Equal(Enumerable.Range(1, 100), PacketIdentifiersAcknowledged(relay.FromClient()));
        Assert.Equal(texts, agent.Texts);
    }

    [Fact]
    public async Task A_handler_that_always_throws_ends_neither_the_loop_nor_later_connections()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#",
            _ => throw new InvalidOperationException("never"));
        await using var peer = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "peer"));
        await peer.SendAsync("in/a", "poison");
        await agent.UntilConnectedAsync(4);

        Assert.All(agent.Texts, text => Assert.Equal("poison", text));
        Assert.DoesNotContain(agent.States, state => state.Kind == EdgeAgent.Mqtt.MqttStateKind.Stopped);
    }

    /// <summary>Walks the packets that a client sent and picks the PUBACKs (section 3.4 of the standard).</summary>
    private static int[] PacketIdentifiersAcknowledged(byte[] sent)
    {
        var found = new List<int>();
        for (var at = 0; at + 2 <= sent.Length;)
        {
            var type = sent[at++] >> 4;
            int length = 0, shift = 0, digit;
            do
            {
                digit = sent[at++];
                length |= (digit & 127) << shift;
                shift += 7;
            }
            while (digit >= 128 && at < sent.Length);
            if (type == 4 && at + 2 <= sent.Length)
            {
                found.Add((sent[at] << 8) | sent[at + 1]);
            }
            at += length;
        }
        return [.. found];
    }
}
