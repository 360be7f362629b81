using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.EndToEnd;

/// <summary>A broker and a folder of one test's own, for tests that stop, kill and restart things.</summary>
internal sealed class Workplace : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _owned = [];

    private Workplace(BrokerProcess broker) => Broker = broker;

    public BrokerProcess Broker { get; }

    /// <summary>The working folder of the agents; holds their home and state folders.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("edge-agent-work").FullName;

    public string Device { get; } = $"cell-{Guid.NewGuid():N}"[..10];

    public static async Task<Workplace> CreateAsync() => new(await BrokerProcess.StartNewAsync());

    public async Task<Requester> RequesterAsync()
    {
        var requester = await Requester.ConnectAsync(Broker.Port, Device);
        _owned.Add(requester);
        return requester;
    }

    /// <summary>Starts an agent of this device at this broker, or at what stands on this port before it.</summary>
    public Task<AgentProcess> AgentAsync(int? port = null) =>
        StartAsync(port ?? Broker.Port, [], []);

    /// <summary>Starts an agent of this device with its own settings and flags.</summary>
    public Task<AgentProcess> AgentAsync(Dictionary<string, string> environment, params string[] arguments) =>
        StartAsync(Broker.Port, environment, arguments);

    /// <summary>Starts an agent of another device at the same broker.</summary>
    public Task<AgentProcess> SecondAgentAsync(Dictionary<string, string> environment, params string[] arguments) =>
        StartAsync(Broker.Port, environment, arguments, $"{Device}-b");

    private async Task<AgentProcess> StartAsync(
        int port, Dictionary<string, string> environment, string[] arguments, string? device = null)
    {
        environment = new(environment) { ["EDGEAGENT_TELEMETRY_INTERVAL_S"] = "1" };
        var folder = Directory.CreateDirectory(Path.Combine(Folder, device ?? Device)).FullName;
        var agent = await AgentProcess.StartAsync(folder, environment,
            ["--mqtt", $"mqtt://127.0.0.1:{port}", "--device", device ?? Device, .. arguments]);
        _owned.Add(agent);
        return agent;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in Enumerable.Reverse(_owned))
        {
            await one.DisposeAsync();
        }
        await Broker.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
