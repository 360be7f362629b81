using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EdgeAgent.Mqtt;

namespace EdgeAgent.Benchmarks;

/// <summary>The whole agent beside a real broker: time to READY, time from publish to answer, memory.</summary>
internal static class AgentMeasurement
{
    private const string Prompt = """
        {"messages":[{"role":"system","content":"You are Nano, an inspection assistant."},
        {"role":"user","content":"Part: stator\nId: RB-1331\nforce: 197 N (maximum 199)"}],"level":{"min":LEVEL}}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static int Run(string[] arguments)
    {
        var count = Arguments.Number(arguments, "--count", 200);
        var port = FreePort();
        var state = Directory.CreateTempSubdirectory("edge-agent-benchmark-").FullName;
        using var broker = Start("mosquitto", "-p", $"{port}");
        try
        {
            var (agent, ready) = StartAgent(port, state);
            try
            {
                Console.WriteLine($"process start to READY: {ready.TotalMilliseconds:0} ms");
                Console.WriteLine("| level | publish to answer, p50 ms | p99 ms |");
                Console.WriteLine("|---|---|---|");
                foreach (var level in new[] { 0, 1, 2, 3 })
                {
                    var times = AskAsync(port, level, count).GetAwaiter().GetResult();
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"| {level} | {times[count / 2]:0.0} | {times[(count * 99 / 100) - 1]:0.0} |"));
                }
                agent.Refresh();
                Console.WriteLine($"resident memory afterwards: {agent.WorkingSet64 / 1e6:0.0} MB");
                var before = agent.TotalProcessorTime;
                Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System).GetAwaiter().GetResult();
                agent.Refresh();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"processor while idle: {(agent.TotalProcessorTime - before).TotalMilliseconds / 50:0.00} %"));
            }
            finally
            {
                agent.Kill();
                agent.WaitForExit();
                agent.Dispose();
            }
        }
        finally
        {
            broker.Kill();
            Directory.Delete(state, recursive: true);
        }
        return 0;
    }

    private static (Process Agent, TimeSpan Ready) StartAgent(int port, string state)
    {
        var start = Stopwatch.GetTimestamp();
        var agent = Start(Path.Combine(AppContext.BaseDirectory, "edge-agent"), "run", "--json",
            "--mqtt", $"mqtt://127.0.0.1:{port}", "--device", "bench", "--data", state);
        var ready = TimeSpan.Zero;
        while (agent.StandardOutput.ReadLine() is { } line)
        {
            ready = line.Contains("\"ready\"", StringComparison.Ordinal) ? Stopwatch.GetElapsedTime(start) : ready;
            if (line.Contains("\"connected\"", StringComparison.Ordinal))
            {
                _ = agent.StandardOutput.ReadToEndAsync();
                return (agent, ready);
            }
        }
        throw new InvalidOperationException($"The agent ended: {agent.StandardError.ReadToEnd()}");
    }

    /// <summary>One request at a time; milliseconds from publish to answer, ascending.</summary>
    private static async Task<double[]> AskAsync(int port, int level, int count)
    {
        var connected = new TaskCompletionSource();
        var answered = new TaskCompletionSource<long>();
        using var stop = new CancellationTokenSource();
        var connection = new MqttConnection(
            new MqttOptions { Port = port, ClientId = $"bench-{level}", SessionExpiry = TimeSpan.Zero },
            [new MqttSubscription { Filter = "bench/answers" }],
            new MqttCallbacks
            {
                Received = _ =>
                {
                    answered.TrySetResult(Stopwatch.GetTimestamp());
                    return ValueTask.CompletedTask;
                },
                StateChanged = state => _ = state.Kind == MqttStateKind.Connected && connected.TrySetResult(),
            },
            TimeProvider.System);
        var running = connection.RunAsync(stop.Token);
        await connected.Task.WaitAsync(Patience);
        var body = System.Text.Encoding.UTF8.GetBytes(Prompt.Replace("LEVEL", $"{level}", StringComparison.Ordinal));
        var times = new double[count];
        for (var i = -10; i < count; i++)
        {
            answered = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            var start = Stopwatch.GetTimestamp();
            await connection.PublishAsync(new MqttOutgoing
            {
                Topic = "edgeagent/v1/device/bench/in/request",
                Payload = body,
                ResponseTopic = "bench/answers",
                CorrelationData = BitConverter.GetBytes(i + (1000L * level)),
            });
            var end = await answered.Task.WaitAsync(Patience);
            if (i >= 0)
            {
                times[i] = Stopwatch.GetElapsedTime(start, end).TotalMilliseconds;
            }
        }
        await stop.CancelAsync();
        await running;
        Array.Sort(times);
        return times;
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
