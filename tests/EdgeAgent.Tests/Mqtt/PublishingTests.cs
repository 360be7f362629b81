using EdgeAgent.Mqtt;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>What goes out and comes in: properties, sizes, limits; expected outcomes are values.</summary>
public sealed class PublishingTests
{
    [Fact]
    public async Task Properties_of_an_incoming_message_are_all_there()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#");
        await broker.ClientAsync("mosquitto_pub", "-q", "1", "-t", "in/request/plc7", "-m", "{}",
            "-D", "publish", "response-topic", "plc7/answer", "-D", "publish", "correlation-data", "c-1",
            "-D", "publish", "message-expiry-interval", "60", "-D", "publish", "content-type", "application/json",
            "-D", "publish", "payload-format-indicator", "1", "-D", "publish", "user-property", "line", "3",
            "-D", "publish", "user-property", "line", "4");
        await agent.UntilAsync(() => agent.Messages.Count == 1);

        var message = agent.Messages.Single();
        Assert.Equal(("in/request/plc7", MqttQos.AtLeastOnce), (message.Topic, message.Qos));
        Assert.Equal("plc7/answer", message.ResponseTopic);
        Assert.Equal("c-1"u8.ToArray(), message.CorrelationData?.ToArray());
        Assert.Equal(TimeSpan.FromSeconds(60), message.MessageExpiry);
        Assert.Equal("application/json", message.ContentType);
        Assert.True(message.PayloadIsText);
        Assert.Equal([KeyValuePair.Create("line", "3"), KeyValuePair.Create("line", "4")], message.UserProperties);
        Assert.False(message.Retain || message.Duplicate);
    }

    [Fact]
    public async Task A_message_without_properties_has_none()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#");
        await broker.ClientAsync("mosquitto_pub", "-q", "0", "-t", "in/request", "-n");
        await agent.UntilAsync(() => agent.Messages.Count == 1);

        var message = agent.Messages.Single();
        Assert.Equal((MqttQos.AtMostOnce, 0), (message.Qos, message.Payload.Length));
        Assert.Equal((null, null, null), (message.ResponseTopic, message.ContentType, message.MessageExpiry));
        Assert.Null(message.CorrelationData);
        Assert.Empty(message.UserProperties);
    }

    [Fact]
    public async Task Properties_of_an_outgoing_message_are_seen_by_another_client()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port));
        var result = await agent.Connection.PublishAsync(new MqttOutgoing
        {
            Topic = "out/status",
            Payload = "online"u8.ToArray(),
            Retain = true,
            ResponseTopic = "back",
            CorrelationData = "c-2"u8.ToArray(),
            MessageExpiry = TimeSpan.FromHours(1),
            ContentType = "text/plain",
            PayloadIsText = true,
            UserProperties = [KeyValuePair.Create("level", "2")],
        });
        var seen = await broker.ClientAsync("mosquitto_sub", "-t", "out/#", "-C", "1", "-F", "%r|%R|%D|%C|%F|%P|%p");

        Assert.Equal(MqttPublishOutcome.Delivered, result.Outcome);
        Assert.Equal("1|back|c-2|text/plain|1|level:2|online", seen);
    }

    [Fact]
    public async Task A_retained_message_is_seen_as_such_also_when_it_comes_live()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await broker.ClientAsync("mosquitto_pub", "-q", "1", "-r", "-t", "in/kept", "-m", "before");
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#");
        await broker.ClientAsync("mosquitto_pub", "-q", "1", "-r", "-t", "in/live", "-m", "live");
        await broker.ClientAsync("mosquitto_pub", "-q", "1", "-t", "in/plain", "-m", "plain");
        await agent.UntilAsync(() => agent.Messages.Count == 3);

        Assert.Equal(
            [("in/kept", true), ("in/live", true), ("in/plain", false)],
            agent.Messages.Select(message => (message.Topic, message.Retain)));
    }

    [Fact]
    public async Task A_payload_of_one_megabyte_goes_both_ways()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#");
        var payload = new byte[1 << 20];
        new Random(7).NextBytes(payload);
        var result = await agent.Connection.PublishAsync(new MqttOutgoing { Topic = "in/large", Payload = payload });
        await agent.UntilAsync(() => agent.Messages.Count == 1);

        Assert.True(result.IsDelivered);
        Assert.True(agent.Messages.Single().Payload.Span.SequenceEqual(payload));
    }

    [Fact]
    public async Task A_packet_above_the_brokers_maximum_is_a_returned_value_and_costs_no_connection()
    {
        await using var broker = await BrokerProcess.StartNewAsync("max_packet_size 2000");
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port));
        var result = await agent.Connection.PublishAsync(new MqttOutgoing { Topic = "out", Payload = new byte[2000] });

        Assert.Equal(MqttPublishOutcome.TooLarge, result.Outcome);
        await agent.SendAsync("out", "small");
        Assert.Single(agent.States, state => state.Kind == MqttStateKind.Connected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/+/b")]
    [InlineData("a/#")]
    [InlineData("a\0b")]
    public async Task A_topic_that_MQTT_forbids_is_a_returned_value_and_costs_no_connection(string topic)
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port));
        var result = await agent.Connection.PublishAsync(new MqttOutgoing { Topic = topic });

        Assert.Equal(MqttPublishOutcome.Refused, result.Outcome);
        await agent.SendAsync("out", "still here");
        Assert.Single(agent.States, state => state.Kind == MqttStateKind.Connected);
    }

    [Fact]
    public async Task A_publishing_that_the_broker_refuses_brings_its_reason_code()
    {
        await using var broker = await BrokerProcess.StartNewAsync(
            "allow_anonymous true\nacl_file {folder}/acl", new() { ["acl"] = "topic readwrite allowed/#\n" });
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port));
        var result = await agent.Connection.PublishAsync(new MqttOutgoing { Topic = "other/topic" });

        Assert.Equal(new MqttPublishResult(MqttPublishOutcome.Refused, 0x87, "not authorized (0x87)"), result);
    }

    [Fact]
    public async Task Without_a_connection_publishing_returns_at_once()
    {
        await using var agent = ConnectionProbe.Start(ConnectionProbe.Options(BrokerProcess.FreePort()));
        var result = await agent.Connection.PublishAsync(new MqttOutgoing { Topic = "out" });

        Assert.Equal(MqttPublishOutcome.NotConnected, result.Outcome);
    }

    [Fact]
    public async Task More_publishings_than_the_brokers_Receive_Maximum_wait_for_their_turn()
    {
        await using var broker = await BrokerProcess.StartNewAsync("max_inflight_messages 3");
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port));
        var results = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ =>
            agent.Connection.PublishAsync(new MqttOutgoing { Topic = "out" })));

        Assert.All(results, result => Assert.True(result.IsDelivered, result.Reason));
        Assert.Single(agent.States, state => state.Kind == MqttStateKind.Connected);
    }

    [Fact]
    public async Task Publishings_beyond_the_queues_limit_and_without_an_answer_are_returned_values()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(relay.Port) with
        {
            OutgoingLimitCount = 2,
            PublishTimeout = TimeSpan.FromMilliseconds(300),
        });
        relay.Freeze();
        var results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ =>
            agent.Connection.PublishAsync(new MqttOutgoing { Topic = "out" })));
        relay.Thaw();
        await agent.UntilConnectedAsync(2);

        Assert.Equal(1, results.Count(result => result.Outcome == MqttPublishOutcome.QueueFull));
        Assert.All(results, result => Assert.False(result.IsDelivered));
        Assert.Contains(results, result => result.Outcome == MqttPublishOutcome.TimedOut);
    }

    [Fact]
    public async Task While_the_handler_is_busy_no_more_messages_are_held_than_the_limit_and_none_is_lost()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        var commit = new TaskCompletionSource();
        await using var agent = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(relay.Port) with { ReceiveMaximumCount = 4 }, "in/#",
            _ => new ValueTask(commit.Task));
        await using var peer = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "peer"));
        await peer.SendAsync("in/first", "first");
        await agent.UntilAsync(() => agent.Messages.Count == 1);
        for (var i = 0; i < 50; i++)
        {
            var loose = new MqttOutgoing { Topic = "in/loose", Qos = MqttQos.AtMostOnce, Payload = new byte[100_000] };
            Assert.True((await peer.Connection.PublishAsync(loose)).IsDelivered);
        }
        await peer.SendAsync("in/sure", [.. Enumerable.Range(0, 20).Select(i => $"{i}")]);
        commit.SetResult();
        await agent.UntilAsync(() => agent.Texts.Contains("19"));

        Assert.Equal(20, agent.Messages.Count(message => message.Topic == "in/sure"));
        Assert.Equal(50, agent.Messages.Count(message => message.Topic == "in/loose"));
        Assert.Equal(0, agent.Connection.DroppedCount);
    }

    // Mosquitto 2.0.11 forgets our Receive Maximum in exactly this case, so it is no proof of the broker but of our
    // own limit.
    [Fact]
    public async Task A_session_with_thousands_of_waiting_messages_is_drained_in_order_over_one_connection()
    {
        await using var broker = await BrokerProcess.StartNewAsync("max_queued_messages 0");
        var options = ConnectionProbe.Options(broker.Port) with { ReceiveMaximumCount = 8, BatchLimitCount = 1024 };
        await using (await ConnectionProbe.ConnectAsync(options, "in/#"))
        {
            // Makes the session; the messages below wait for it at the broker.
        }
        string[] texts = [.. Enumerable.Range(0, 5000).Select(i => $"{i}")];
        await using var peer = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port, "peer"));
        await peer.SendAsync("in/a", texts);
        var largest = 0;
        await using var agent = await ConnectionProbe.ConnectAsync(options, "in/#", batch =>
        {
            largest = Math.Max(largest, batch.Count);
            return ValueTask.CompletedTask;
        });
        await agent.UntilAsync(() => agent.Messages.Count == texts.Length);

        Assert.Equal(texts, agent.Texts);
        Assert.Single(agent.States, state => state.Kind == MqttStateKind.Connected);
        Assert.InRange(largest, 1, 8);
    }
}
