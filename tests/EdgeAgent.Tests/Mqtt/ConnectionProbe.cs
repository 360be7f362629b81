using System.Collections.Concurrent;
using System.Text;
using EdgeAgent.Mqtt;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>A running connection that remembers what it was told, so that a test can await a condition.</summary>
internal sealed class ConnectionProbe : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _changed = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<IReadOnlyList<MqttMessage>, ValueTask> _handler;
    private readonly Task _running;

    private ConnectionProbe(
        MqttOptions options, MqttSubscription[] subscriptions, Func<IReadOnlyList<MqttMessage>, ValueTask>? handler,
        MqttOutgoing? farewell)
    {
        _handler = handler ?? (_ => ValueTask.CompletedTask);
        Connection = new MqttConnection(options, subscriptions, new MqttCallbacks
        {
            Received = ReceiveAsync,
            StateChanged = state => Note(States, state),
            Progressed = () => Note(Beats, 1),
            Farewell = () => farewell,
        }, TimeProvider.System);
        _running = Task.Run(() => Connection.RunAsync(_stop.Token));
    }

    public MqttConnection Connection { get; }

    public ConcurrentQueue<MqttState> States { get; } = [];

    /// <summary>Every message that was handed over, also in batches that the handler then refused.</summary>
    public ConcurrentQueue<MqttMessage> Messages { get; } = [];

    public ConcurrentQueue<int> Beats { get; } = [];

    public string[] Texts => [.. Messages.Select(message => Encoding.UTF8.GetString(message.Payload.Span))];

    /// <summary>Quick to try again, so that tests are quick.</summary>
    public static MqttOptions Options(int port, string clientId = "probe") => new()
    {
        Port = port,
        ClientId = clientId,
        BackoffMinimum = TimeSpan.FromMilliseconds(20),
        BackoffMaximum = TimeSpan.FromMilliseconds(100),
    };

    public static ConnectionProbe Start(
        MqttOptions options, string? filter = null, Func<IReadOnlyList<MqttMessage>, ValueTask>? handler = null,
        MqttOutgoing? farewell = null) =>
        new(options, filter is null ? [] : [new MqttSubscription { Filter = filter }], handler, farewell);

    /// <summary>Starts and waits until it is connected.</summary>
    public static async Task<ConnectionProbe> ConnectAsync(
        MqttOptions options, string? filter = null, Func<IReadOnlyList<MqttMessage>, ValueTask>? handler = null,
        MqttOutgoing? farewell = null)
    {
        var probe = Start(options, filter, handler, farewell);
        await probe.UntilConnectedAsync(1);
        return probe;
    }

    /// <summary>Waits until it has connected for the <paramref name="count"/>th time.</summary>
    public Task UntilConnectedAsync(int count) =>
        UntilAsync(() => States.Count(state => state.Kind == MqttStateKind.Connected) >= count);

    /// <summary>Waits for the first state of a kind and gives it.</summary>
    public async Task<MqttState> UntilAsync(MqttStateKind kind)
    {
        await UntilAsync(() => States.Any(state => state.Kind == kind));
        return States.First(state => state.Kind == kind);
    }

    /// <summary>Waits until a condition on what is remembered holds.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            try
            {
                await _changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                var states = string.Join(" | ", States.TakeLast(10));
                Assert.Fail($"waited in vain; states: {states}; messages: {string.Join(',', Texts.Take(20))}");
            }
        }
    }

    /// <summary>Publishes at QoS 1 and expects it to be delivered.</summary>
    public async Task SendAsync(string topic, params string[] texts)
    {
        foreach (var text in texts)
        {
            var message = new MqttOutgoing { Topic = topic, Payload = Encoding.UTF8.GetBytes(text) };
            var result = await Connection.PublishAsync(message);
            Assert.True(result.IsDelivered, result.ToString());
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private ValueTask ReceiveAsync(IReadOnlyList<MqttMessage> batch)
    {
        foreach (var message in batch)
        {
            Note(Messages, message);
        }
        return _handler(batch);
    }

    private void Note<T>(ConcurrentQueue<T> queue, T item)
    {
        queue.Enqueue(item);
        _changed.Release();
    }
}
