using System.Buffers;
using System.Text;
using System.Text.Json;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace EdgeAgent.EndToEnd;

/// <summary>A message as the requester got it.</summary>
internal sealed record Received(string Topic, string Correlation, bool Retain, JsonElement Body)
{
    public int Status => Body.GetProperty("status").GetInt32();

    public string Code => Body.GetProperty("error").GetProperty("code").GetString()!;

    public string Text => Body.GetProperty("text").GetString()!;

    /// <summary>For the message of a test that fails: not every message has a status or a text.</summary>
    public override string ToString() => $"{Topic} {Correlation} {Body}";

    public int PromptTokens => Body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32();
}

/// <summary>One request to publish; null properties are left out of the packet.</summary>
internal sealed record Publishing(byte[] Payload)
{
    public Publishing(object body)
        : this(JsonSerializer.SerializeToUtf8Bytes(body))
    {
    }

    public Publishing(string text)
        : this(Encoding.UTF8.GetBytes(text))
    {
    }

    public string? Topic { get; init; }

    public string? ResponseTopic { get; init; }

    public string? ContentType { get; init; }

    public string? Correlation { get; init; }

    public bool Retain { get; init; }

    public uint ExpirySeconds { get; init; }
}

/// <summary>A factory device: publishes requests to one agent and awaits what comes back.</summary>
/// <remarks>Knows nothing of our code.</remarks>
internal sealed class Requester : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(40);

    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly List<Received> _received = [];
    private readonly string _device;
    private readonly string _name = $"req-{Guid.NewGuid():N}"[..12];
    private int _count;

    private Requester(string device) => _device = device;

    /// <summary>The topic on which answers come that named no other.</summary>
    public string Answers => $"line/{_name}/answers";

    public string InRequest => $"edgeagent/v1/device/{_device}/in/request";

    public string InCancel => $"edgeagent/v1/device/{_device}/in/cancel";

    public string InReading => $"edgeagent/v1/device/{_device}/in/reading";

    public string Out => $"edgeagent/v1/device/{_device}/out";

    /// <summary>Requests that were published.</summary>
    public int Published { get; private set; }

    public static async Task<Requester> ConnectAsync(int port, string device)
    {
        var requester = new Requester(device);
        requester._client.ApplicationMessageReceivedAsync += requester.TakeAsync;
        await requester.ConnectAsync(port);
        return requester;
    }

    /// <summary>Connects, or connects again after the broker was away.</summary>
    public async Task ConnectAsync(int port)
    {
        await _client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port)
            .WithProtocolVersion(MqttProtocolVersion.V500).WithClientId(_name)
            .WithCleanStart(false).WithSessionExpiryInterval(600).Build());
        await _client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder()
            .WithTopicFilter($"line/{_name}/#", MqttQualityOfServiceLevel.AtLeastOnce)
            .WithTopicFilter($"{Out}/#", MqttQualityOfServiceLevel.AtLeastOnce).Build());
    }

    /// <summary>Publishes a request and gives the Correlation Data that its answer will carry.</summary>
    public async Task<string> PublishAsync(Publishing request)
    {
        var correlation = request.Correlation ?? $"{_name}-{Interlocked.Increment(ref _count)}";
        var builder = new MqttApplicationMessageBuilder()
            .WithTopic(request.Topic ?? InRequest).WithPayload(request.Payload)
            .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
            .WithCorrelationData(Encoding.UTF8.GetBytes(correlation)).WithRetainFlag(request.Retain)
            .WithMessageExpiryInterval(request.ExpirySeconds);
        if (request.ResponseTopic is not "")
        {
            builder = builder.WithResponseTopic(request.ResponseTopic ?? Answers);
        }
        if (request.ContentType is not null)
        {
            builder = builder.WithContentType(request.ContentType);
        }
        if (request.Payload.Length > 0 && (request.Topic ?? InRequest).StartsWith(InRequest, StringComparison.Ordinal))
        {
            Published++;
        }
        await _client.PublishAsync(builder.Build());
        return correlation;
    }

    /// <summary>Publishes a request and awaits its answer or refusal.</summary>
    public async Task<Received> AskAsync(Publishing request) => await AnswerAsync(await PublishAsync(request));

    public Task<Received> AskAsync(object body) => AskAsync(new Publishing(body));

    /// <summary>The first message with this Correlation Data.</summary>
    public Task<Received> AnswerAsync(string correlation) =>
        MessageAsync($"an answer for {correlation}", message => message.Correlation == correlation);

    /// <summary>The first status with this state, and this level where one is given.</summary>
    public Task<Received> StatusAsync(string state, int? level = null) => MessageAsync($"the status {state}",
        message => message.Topic == $"{Out}/status" && message.Body.GetProperty("state").GetString() == state
            && (level is null || message.Body.GetProperty("level").GetInt32() == level));

    /// <summary>The first telemetry of a stream that fits, as its readings.</summary>
    public async Task<JsonElement> TelemetryAsync(string stream, string what, Func<JsonElement, bool> fits) =>
        Readings(await MessageAsync(what,
            message => message.Topic == $"{Out}/telemetry/{stream}" && fits(Readings(message))));

    /// <summary>The first event of this name that fits.</summary>
    public async Task<JsonElement> EventAsync(string name, Func<JsonElement, bool> fits) => (await MessageAsync(
        $"an event {name}", message => message.Topic == $"{Out}/event/{name}" && fits(message.Body))).Body;

    public IReadOnlyList<JsonElement> AllTelemetry() => [.. All().Where(IsTelemetry).Select(Readings)];

    public IReadOnlyList<Received> All()
    {
        lock (_received)
        {
            return [.. _received];
        }
    }

    /// <summary>Forgets what came so far, so that the next await sees new messages only.</summary>
    public void Forget()
    {
        lock (_received)
        {
            _received.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync();
        }
        _client.Dispose();
    }

    private async Task<Received> MessageAsync(string what, Func<Received, bool> fits)
    {
        Received? found = null;
        await Shell.UntilAsync(s_patience, what,
            () => Task.FromResult((found = All().FirstOrDefault(fits)) is not null),
            () => Task.FromResult(string.Join('\n', All().TakeLast(20))));
        return found!;
    }

    private bool IsTelemetry(Received message) => message.Topic == $"{Out}/telemetry/engine";

    private static JsonElement Readings(Received message) => message.Body.GetProperty("readings");

    private Task TakeAsync(MqttApplicationMessageReceivedEventArgs arrival)
    {
        var message = arrival.ApplicationMessage;
        using var body = JsonDocument.Parse(message.Payload.ToArray());
        lock (_received)
        {
            _received.Add(new Received(message.Topic, Encoding.UTF8.GetString(message.CorrelationData ?? []),
                message.Retain, body.RootElement.Clone()));
        }
        return Task.CompletedTask;
    }
}
