using System.Buffers;
using System.Net.Sockets;
using System.Text;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace EdgeAgent.Mqtt;

/// <summary>Our messages, options and subscriptions in the types of the MQTTnet package, and back.</summary>
internal static class PackageMapping
{
    public static MqttMessage FromPackage(MqttApplicationMessage message) => new()
    {
        Topic = message.Topic,
        Payload = message.Payload.IsSingleSegment ? message.Payload.First : message.Payload.ToArray(),
        Qos = (MqttQos)message.QualityOfServiceLevel,
        Retain = message.Retain,
        Duplicate = message.Dup,
        ResponseTopic = message.ResponseTopic,
        // The package gives an empty array for "none" in places; empty correlation data is none to every requester.
        CorrelationData = message.CorrelationData is { Length: > 0 } correlation ? (ReadOnlyMemory<byte>?)correlation : null,
        MessageExpiry = message.MessageExpiryInterval > 0 ? TimeSpan.FromSeconds(message.MessageExpiryInterval) : null,
        ContentType = message.ContentType,
        PayloadIsText = message.PayloadFormatIndicator == MqttPayloadFormatIndicator.CharacterData,
        UserProperties = message.UserProperties is { } properties
            ? [.. properties.Select(p => KeyValuePair.Create(p.Name, Encoding.UTF8.GetString(p.ValueBuffer.Span)))]
            : [],
    };

    public static MqttApplicationMessage ToPackage(MqttOutgoing message) => new()
    {
        Topic = message.Topic,
        Payload = new ReadOnlySequence<byte>(message.Payload),
        QualityOfServiceLevel = (MqttQualityOfServiceLevel)message.Qos,
        Retain = message.Retain,
        ResponseTopic = message.ResponseTopic,
        CorrelationData = message.CorrelationData?.ToArray(),
        MessageExpiryInterval = (uint)(message.MessageExpiry?.TotalSeconds ?? 0),
        ContentType = message.ContentType,
        PayloadFormatIndicator =
            message.PayloadIsText ? MqttPayloadFormatIndicator.CharacterData : MqttPayloadFormatIndicator.Unspecified,
        UserProperties = message.UserProperties.Count == 0
            ? null
            : [.. message.UserProperties.Select(p => new MqttUserProperty(p.Key, Encoding.UTF8.GetBytes(p.Value).AsMemory()))],
    };

    public static MqttClientOptions ToPackage(MqttOptions options)
    {
        var builder = new MqttClientOptionsBuilder()
            .WithTcpServer(options.Host, options.Port)
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId(options.ClientId)
            .WithCleanStart(options.SessionExpiry == TimeSpan.Zero)
            .WithSessionExpiryInterval((uint)options.SessionExpiry.TotalSeconds)
            .WithKeepAlivePeriod(options.KeepAlive)
            .WithReceiveMaximum((ushort)options.ReceiveMaximumCount)
            .WithMaximumPacketSize((uint)options.MaximumPacketSizeBytes)
            .WithTimeout(options.ConnectTimeout);
        if (options.UserName is not null || options.Password is not null)
        {
            builder = builder.WithCredentials(options.UserName ?? "", options.Password ?? "");
        }
        if (options.Will is { } will)
        {
            builder = builder.WithWillTopic(will.Topic).WithWillPayload(will.Payload.ToArray()).WithWillRetain(will.Retain)
                .WithWillQualityOfServiceLevel((MqttQualityOfServiceLevel)will.Qos)
                .WithWillDelayInterval((uint)will.Delay.TotalSeconds)
                .WithWillContentType(will.ContentType);
        }
        var built = builder.Build();
        // The package's own linger of 0 s resets the connection on closing: a goodbye still on its way would be lost.
        ((MqttClientTcpOptions)built.ChannelOptions).LingerState = new LingerOption(false, 0);
        return built;
    }

    public static MqttClientSubscribeOptions ToPackage(IEnumerable<MqttSubscription> subscriptions) => new()
    {
        TopicFilters =
        [
            .. subscriptions.Select(subscription => new MqttTopicFilter
            {
                Topic = subscription.Filter,
                QualityOfServiceLevel = (MqttQualityOfServiceLevel)subscription.Qos,
                NoLocal = subscription.NoLocal,
                RetainAsPublished = subscription.RetainAsPublished,
                RetainHandling = (MqttRetainHandling)subscription.Retained,
            }),
        ],
    };
}
