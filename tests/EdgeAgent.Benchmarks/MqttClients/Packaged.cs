using System.Buffers;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace MqttClientComparison;

/// <summary>
/// The same client over MQTTnet: received messages wait in a channel, are committed in batches, acknowledged in
/// order.
/// </summary>
internal static class Packaged
{
    /// <summary>Connects, subscribes to <c>req/#</c> and runs until <paramref name="handle"/> says stop.</summary>
    public static async Task RunAsync(
        int port, string clientId, Func<List<byte[]>, List<byte[]>> handle, Action subscribed, Func<bool> done)
    {
        var received = Channel.CreateUnbounded<MqttApplicationMessageReceivedEventArgs>();
        using var client = new MqttClientFactory().CreateMqttClient();
        client.ApplicationMessageReceivedAsync += message =>
        {
            message.AutoAcknowledge = false;
            received.Writer.TryWrite(message);
            return Task.CompletedTask;
        };
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithClientId(clientId)
            .WithProtocolVersion(MqttProtocolVersion.V500).WithCleanStart(false).WithSessionExpiryInterval(3600)
            .WithReceiveMaximum(200).WithKeepAlivePeriod(TimeSpan.FromSeconds(30)).Build();
        await client.ConnectAsync(options);
        await client.SubscribeAsync("req/#", MqttQualityOfServiceLevel.AtLeastOnce);
        subscribed();
        var batch = new List<MqttApplicationMessageReceivedEventArgs>();
        while (!done())
        {
            using var tick = new CancellationTokenSource(100);
            try
            {
                await received.Reader.WaitToReadAsync(tick.Token);
            }
            catch (OperationCanceledException)
            {
                continue;
            }
            batch.Clear();
            while (batch.Count < 64 && received.Reader.TryRead(out var message))
            {
                batch.Add(message);
            }
            var answers = handle(batch.ConvertAll(m => m.ApplicationMessage.Payload.ToArray()));
            foreach (var answer in answers)
            {
                _ = client.PublishBinaryAsync("res", answer, MqttQualityOfServiceLevel.AtLeastOnce);
            }
            foreach (var message in batch)
            {
                await message.AcknowledgeAsync(default);
            }
        }
        await client.DisconnectAsync();
    }
}
