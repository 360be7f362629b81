using System.Buffers;
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
        CorrelationData = message.CorrelationData is { Length: > 0 } data ? (ReadOnlyMemory<byte>?)data : null,
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
            : [.. message.UserProperties.Select(ToPackage)],
    };

    private static MqttUserProperty ToPackage(KeyValuePair<string, string> property) =>
        new(property.Key, Encoding.UTF8.GetBytes(property.Value).AsMemory());

    public static MqttClientOptions ToPackage(MqttOptions options, ReceiveThrottle throttle)
    {
        var builder = new MqttClientOptionsBuilder()
            .WithTcpServer(options.Host, options.Port)
            .WithStreamProvider(new ThrottledStream.Provider(throttle, options.MaximumPacketSizeBytes))
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
            builder = builder.WithWillTopic(will.Topic).WithWillPayload(will.Payload.ToArray())
                .WithWillRetain(will.Retain)
                .WithWillQualityOfServiceLevel((MqttQualityOfServiceLevel)will.Qos)
                .WithWillDelayInterval((uint)will.Delay.TotalSeconds)
                .WithWillContentType(will.ContentType);
        }
        return builder.Build();
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
