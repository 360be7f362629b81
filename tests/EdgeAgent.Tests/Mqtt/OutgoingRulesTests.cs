using EdgeAgent.Mqtt;
using MQTTnet.Formatter;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>What MQTT forbids, and how large a packet becomes.</summary>
public sealed class OutgoingRulesTests
{
    [Fact]
    public void The_packet_size_is_never_below_the_true_one_and_at_most_some_bytes_above()
    {
        var message = new MqttOutgoing
        {
            Topic = "ä/b",
            Payload = new byte[70000],
            ResponseTopic = "ü",
            CorrelationData = new byte[100],
            MessageExpiry = TimeSpan.FromDays(1),
            ContentType = "text/plain",
            PayloadIsText = true,
            UserProperties = [KeyValuePair.Create("a", "b"), KeyValuePair.Create("c", "€")],
        };
        var packet = MqttPublishPacketFactory.Create(PackageMapping.ToPackage(message));
        packet.PacketIdentifier = 1;
        var formatter = new MqttPacketFormatterAdapter(MqttProtocolVersion.V500, new MqttBufferWriter(4096, 65535));
        var encoded = formatter.Encode(packet);
        Assert.InRange(OutgoingRules.PacketSizeBytes(message), encoded.Length, encoded.Length + 10);
    }

    [Fact]
    public void Correlation_data_and_strings_beyond_their_limit_are_refused()
    {
        var message = new MqttOutgoing { Topic = "a" };
        Assert.Null(OutgoingRules.FaultOf(message));
        Assert.NotNull(OutgoingRules.FaultOf(message with { CorrelationData = new byte[65536] }));
        Assert.NotNull(OutgoingRules.FaultOf(message with { Topic = new string('ä', 32768) }));
        Assert.NotNull(OutgoingRules.FaultOf(message with { Topic = $"a{'\ud800'}b" }));
        Assert.NotNull(OutgoingRules.FaultOf(message with { UserProperties = [KeyValuePair.Create("a", "b\0")] }));
        Assert.NotNull(OutgoingRules.FaultOf(message with { MessageExpiry = TimeSpan.FromMilliseconds(1) }));
    }
}
