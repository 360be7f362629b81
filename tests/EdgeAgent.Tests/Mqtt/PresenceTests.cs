using System.Net;
using System.Net.Sockets;
using EdgeAgent.Mqtt;
using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>Connecting, losing, returning, refusals, Will and goodbye.</summary>
public sealed class PresenceTests
{
    private static readonly MqttWill Will = new() { Topic = "out/status", Payload = "offline"u8.ToArray() };

    [Fact]
    public async Task After_a_broker_lost_everything_the_connection_returns_and_subscribes_again()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#");
        await broker.KillAsync();
        var lost = await agent.UntilAsync(MqttStateKind.Disconnected);
        await broker.StartAsync();
        await agent.UntilConnectedAsync(2);
        await agent.SendAsync("in/a", "after");
        await agent.UntilAsync(() => agent.Texts.Length == 1);

        Assert.StartsWith($"lost 127.0.0.1:{broker.Port}", lost.Reason, StringComparison.Ordinal);
        Assert.NotNull(lost.RetryIn);
        Assert.False(agent.States.Last().SessionPresent);
    }

    [Fact]
    public async Task After_a_clean_broker_restart_the_session_is_still_there()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#");
        await broker.StopAsync();
        await broker.StartAsync();
        await agent.UntilConnectedAsync(2);

        Assert.True(agent.States.Last(state => state.Kind == MqttStateKind.Connected).SessionPresent);
    }

    [Fact]
    public async Task Without_a_broker_it_goes_on_trying_and_shows_that_it_lives()
    {
        await using var agent = ConnectionProbe.Start(ConnectionProbe.Options(BrokerProcess.FreePort()));
        await agent.UntilAsync(() => agent.States.Count(state => state.Kind == MqttStateKind.Disconnected) >= 3);
        var before = agent.Beats.Count;
        await agent.UntilAsync(() => agent.Beats.Count > before + 2);

        Assert.Contains("Connection refused", agent.States.ElementAt(1).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idle_connection_shows_that_it_lives()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var agent = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port), "in/#");
        var before = agent.Beats.Count;
        await agent.UntilAsync(() => agent.Beats.Count >= before + 2);
    }

    [Fact]
    public async Task A_lost_connection_sends_the_Will()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        await using var watcher = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(broker.Port, "watcher"), "out/#");
        await using var agent = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(relay.Port) with { Will = Will });
        relay.Cut();
        await watcher.UntilAsync(() => watcher.Texts.Length == 1);

        Assert.Equal(["offline"], watcher.Texts);
    }

    [Fact]
    public async Task A_Will_with_a_delay_is_not_sent_when_we_return_in_time()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        await using var watcher = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(broker.Port, "watcher"), "out/#");
        await using var agent = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(relay.Port) with { Will = Will with { Delay = TimeSpan.FromSeconds(30) } });
        relay.Cut();
        await agent.UntilConnectedAsync(2);
        await agent.SendAsync("out/status", "online");
        await watcher.UntilAsync(() => watcher.Texts.Length == 1);

        Assert.Equal(["online"], watcher.Texts);
    }

    [Fact]
    public async Task A_clean_stop_sends_the_farewell_and_no_Will_and_keeps_the_session()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var watcher = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(broker.Port, "watcher"), "out/#");
        var options = ConnectionProbe.Options(broker.Port) with { Will = Will };
        var farewell = new MqttOutgoing { Topic = "out/status", Payload = "stopped"u8.ToArray() };
        await using (var agent = await ConnectionProbe.ConnectAsync(options, "in/#", farewell: farewell))
        {
            await agent.StopAsync();
            Assert.Equal(MqttStateKind.Stopped, agent.States.Last().Kind);
        }
        await using var again = await ConnectionProbe.ConnectAsync(options, "in/#");
        await again.SendAsync("out/status", "online");
        await watcher.UntilAsync(() => watcher.Texts.Length == 2);

        Assert.Equal(["stopped", "online"], watcher.Texts);
        Assert.True(again.States.Last().SessionPresent);
    }

    [Fact]
    public async Task A_stop_over_a_silent_network_ends_all_the_same()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        var farewell = new MqttOutgoing { Topic = "out/status" };
        await using var agent = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(relay.Port), farewell: farewell);
        relay.Freeze();
        await agent.StopAsync();

        Assert.Equal(MqttStateKind.Stopped, agent.States.Last().Kind);
    }

    [Fact]
    public async Task A_silent_network_is_noticed_by_a_ping()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var relay = new TcpRelay(broker.Port);
        await using var agent = await ConnectionProbe.ConnectAsync(
            ConnectionProbe.Options(relay.Port) with { KeepAlive = TimeSpan.FromSeconds(1) });
        relay.Freeze();
        await agent.UntilAsync(MqttStateKind.Disconnected);
        relay.Thaw();
        await agent.UntilConnectedAsync(2);
    }

    [Fact]
    public async Task Bad_credentials_are_named_and_tried_again_slowly()
    {
        await using var broker = await BrokerProcess.StartNewAsync("allow_anonymous false", []);
        await using var agent = ConnectionProbe.Start(
            ConnectionProbe.Options(broker.Port) with { UserName = "anna", Password = "swordfish" });
        var refused = await agent.UntilAsync(MqttStateKind.Refused);

        Assert.Contains("refuses the connection: ", refused.Reason, StringComparison.Ordinal);
        Assert.Contains(refused.ReasonCode, new int?[] { 0x86, 0x87 });
        Assert.True(refused.RetryIn >= TimeSpan.FromMinutes(1));
        Assert.DoesNotContain(agent.States, state => $"{state}".Contains("swordfish", StringComparison.Ordinal));
    }

    // CONNACK, SUBACK and DISCONNECT of sections 3.2, 3.9 and 3.14, as brokers send them that are not here to be
    // tested.
    [Theory]
    [InlineData("20 03 00 00 00 | 90 04 00 01 00 87", 0x87, "refuses the subscription to in/#: not authorized (0x87)")]
    [InlineData("20 03 00 00 00 | 90 04 00 01 00 01 E0 02 8E 00", 0x8E, "another client uses the same client ident")]
    [InlineData("20 03 00 86 00", 0x86, "refuses the connection: bad user name or password (0x86)")]
    [InlineData("20 0C 00 8A 09 1F 00 06 67 6F 20 6F 75 74", 0x8A, "banned (0x8A), it says 'go out'")]
    [InlineData("20 02 00 01", 0x84, "the broker speaks no MQTT 5")]
    [InlineData("20 03 00 84 00", 0x84, "the broker speaks no MQTT 5")]
    public async Task What_only_a_person_can_mend_is_named_and_tried_again_once_a_minute(
        string packets, int code, string words)
    {
        await using var agent = await AgainstScriptAsync(packets);
        var refused = await agent.UntilAsync(MqttStateKind.Refused);

        Assert.Equal(code, refused.ReasonCode);
        Assert.Contains(words, refused.Reason, StringComparison.Ordinal);
        Assert.True(refused.RetryIn >= TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData("20 03 00 89 00", 0x89, "server busy (0x89)")]
    [InlineData("20 03 00 00 00 | 90 04 00 01 00 01 E0 02 8B 00", 0x8B, "server shutting down (0x8B)")]
    public async Task What_passes_by_itself_is_named_and_tried_again_soon(string packets, int code, string words)
    {
        await using var agent = await AgainstScriptAsync(packets);
        var lost = await agent.UntilAsync(MqttStateKind.Disconnected);

        Assert.Equal(code, lost.ReasonCode);
        Assert.Contains(words, lost.Reason, StringComparison.Ordinal);
        Assert.True(lost.RetryIn < TimeSpan.FromSeconds(1));
    }

    // A PUBLISH that announces 256 MB, a length of five bytes, a CONNACK that announces 256 MB.
    [Theory]
    [InlineData("20 03 00 00 00 | 90 04 00 01 00 01 30 FF FF FF 7F", "a packet of 268435460 bytes is larger than")]
    [InlineData("20 03 00 00 00 | 90 04 00 01 00 01 30 FF FF FF FF 01", "this is no MQTT")]
    [InlineData("20 FF FF FF 7F", "a packet of 268435460 bytes is larger than")]
    public async Task What_no_honest_broker_sends_costs_the_connection_and_no_memory(string packets, string words)
    {
        await using var agent = await AgainstScriptAsync(packets);
        var lost = await agent.UntilAsync(MqttStateKind.Disconnected);

        Assert.Contains(words, lost.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_clients_with_one_identifier_are_told_what_may_be_wrong()
    {
        await using var broker = await BrokerProcess.StartNewAsync();
        await using var first = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port));
        await using var second = await ConnectionProbe.ConnectAsync(ConnectionProbe.Options(broker.Port));
        await first.UntilAsync(() => first.States.Any(state =>
            state.Reason.Contains("does another client use the identifier probe?", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Something_that_is_no_broker_gives_a_reason_and_another_attempt()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var agent = ConnectionProbe.Start(ConnectionProbe.Options(port));
        for (var i = 0; i < 2; i++)
        {
            using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            var answer = "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray();
            await client.GetStream().WriteAsync(answer, TestContext.Current.CancellationToken);
        }

        var lost = await agent.UntilAsync(MqttStateKind.Disconnected);
        Assert.StartsWith("cannot reach", lost.Reason, StringComparison.Ordinal);
    }

    /// <summary>
    /// A connection to something that answers each packet it reads with the next part of a script in hexadecimal.
    /// </summary>
    private static async Task<ConnectionProbe> AgainstScriptAsync(string packets)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var agent = ConnectionProbe.Start(ConnectionProbe.Options(((IPEndPoint)listener.LocalEndpoint).Port), "in/#");
        var client = await listener.AcceptTcpClientAsync();
        foreach (var part in packets.Split('|'))
        {
            await client.GetStream().ReadAtLeastAsync(new byte[4096], 1);
            await client.GetStream().WriteAsync(Convert.FromHexString(part.Replace(" ", "", StringComparison.Ordinal)));
        }
        return agent;
    }
}
