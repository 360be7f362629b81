using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.EndToEnd;

/// <summary>One broker, one agent and one requester that many tests share, one test after the other.</summary>
/// <remarks>That every test finds an agent that answers is itself the proof that the test before did no harm.</remarks>
public sealed class Plant : IAsyncDisposable
{
    public const int QueueLimit = 4;

    private const string Device = "press-7";

    private readonly string _folder = Directory.CreateTempSubdirectory("edge-agent-plant").FullName;
    private BrokerProcess? _broker;
    private AgentProcess? _agent;
    private Requester? _requester;

    internal AgentProcess Agent => _agent!;

    internal BrokerProcess Broker => _broker!;

    /// <summary>Starts everything at the first call.</summary>
    internal async Task<Requester> StartAsync()
    {
        if (_requester is null)
        {
            var broker = await BrokerProcess.StartNewAsync();
            _broker = broker;
            _requester = await Requester.ConnectAsync(broker.Port, Device);
            _agent = await AgentProcess.StartAsync(_folder,
                new() { ["EDGEAGENT_TELEMETRY_INTERVAL_S"] = "1", ["EDGEAGENT_SERVING_QUEUE"] = $"{QueueLimit}" },
                "--mqtt", $"mqtt://127.0.0.1:{broker.Port}", "--device", Device);
            await _requester.StatusAsync("online");
        }
        return _requester;
    }

    public async ValueTask DisposeAsync()
    {
        if (_requester is not null)
        {
            await _requester.DisposeAsync();
        }
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>The tests that share one plant; xUnit runs them one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PlantTests : ICollectionFixture<Plant>
{
    public const string Name = "plant";
}
