using EdgeAgent.Mqtt;

namespace MqttClientComparison;

/// <summary>The same client as the agent runs it: EdgeAgent.Mqtt, which stands on MQTTnet.</summary>
internal static class Ours
{
    /// <summary>Connects, subscribes to <c>req/#</c> and runs until <paramref name="handle"/> says stop.</summary>
    public static async Task RunAsync(
        int port, string clientId, Func<List<byte[]>, List<byte[]>> handle, Action subscribed, Func<bool> done)
    {
        using var stop = new CancellationTokenSource();
        MqttConnection? connection = null;
        void StopWhenDone()
        {
            if (done())
            {
                stop.Cancel();
            }
        }
        connection = new MqttConnection(
            new MqttOptions { Port = port, ClientId = clientId, ReceiveMaximumCount = 200 },
            [new MqttSubscription { Filter = "req/#" }],
            new MqttCallbacks
            {
                Received = batch =>
                {
                    foreach (var answer in handle([.. batch.Select(message => message.Payload.ToArray())]))
                    {
                        _ = connection!.PublishAsync(new MqttOutgoing { Topic = "res", Payload = answer });
                    }
                    return ValueTask.CompletedTask;
                },
                StateChanged = state =>
                {
                    if (state.Kind == MqttStateKind.Connected)
                    {
                        subscribed();
                    }
                },
                Progressed = StopWhenDone,
            },
            TimeProvider.System);
        await connection.RunAsync(stop.Token);
    }
}
