using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EdgeAgent.Tests.Simulators;

/// <summary>
/// A real Mosquitto on a free loopback port with a folder of its own; skips the test where it is not installed.
/// </summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-agent-broker").FullName;
    private readonly string _program = Find("mosquitto");
    private Process? _process;

    private BrokerProcess(string configuration)
    {
        // As root, Mosquitto would become a user who cannot write here; for other users the line has no effect.
        File.WriteAllText(Path.Combine(_folder, "mosquitto.conf"), $"""
            listener {Port} 127.0.0.1
            user root
            set_tcp_nodelay true
            persistence true
            persistence_location {_folder}/
            log_dest file {_folder}/log
            {configuration.Replace("{folder}", _folder, StringComparison.Ordinal)}
            """);
    }

    /// <summary>The port on 127.0.0.1; stays the same over restarts.</summary>
    public int Port { get; } = FreePort();

    /// <summary>Starts a broker that lets everyone in.</summary>
    public static Task<BrokerProcess> StartNewAsync(string configuration = "") =>
        StartNewAsync("allow_anonymous true\n" + configuration, []);

    /// <summary>
    /// Starts a broker with these settings and files beside them; <c>{folder}</c> in a setting is where they lie.
    /// </summary>
    public static async Task<BrokerProcess> StartNewAsync(string configuration, Dictionary<string, string> files)
    {
        var broker = new BrokerProcess(configuration);
        foreach (var (name, text) in files)
        {
            await File.WriteAllTextAsync(Path.Combine(broker._folder, name), text);
        }
        await broker.StartAsync();
        return broker;
    }

    /// <summary>Starts, or starts again on the same port with what a clean stop left on disk.</summary>
    public async Task StartAsync()
    {
        _process = Start(_program, "-c", Path.Combine(_folder, "mosquitto.conf"));
        var began = Stopwatch.GetTimestamp();
        while (!await AnswersAsync())
        {
            Assert.False(_process.HasExited, $"mosquitto ended at once; its configuration lies in {_folder}");
            Assert.True(Stopwatch.GetElapsedTime(began) < StartTimeout, "mosquitto does not listen");
        }
    }

    /// <summary>A clean stop: Mosquitto saves its sessions.</summary>
    public async Task StopAsync()
    {
        using var kill = Start("kill", "-TERM", $"{_process!.Id}");
        await _process.WaitForExitAsync();
    }

    /// <summary>kill -9: Mosquitto saves nothing.</summary>
    public async Task KillAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
    }

    /// <summary>Runs one of Mosquitto's own clients against this broker and gives what it printed.</summary>
    public async Task<string> ClientAsync(string program, params string[] arguments)
    {
        using var client = Start(Find(program), ["-p", $"{Port}", "-V", "5", .. arguments]);
        var text = await client.StandardOutput.ReadToEndAsync().WaitAsync(StartTimeout);
        Assert.Equal("", await client.StandardError.ReadToEndAsync());
        return text.TrimEnd('\n');
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A port on which nothing listens at this moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static string Find(string program)
    {
        // Debian puts mosquitto where only root's PATH reaches.
        var search = Environment.GetEnvironmentVariable("PATH") ?? "";
        string[] folders = [.. search.Split(':'), "/usr/sbin", "/usr/local/sbin"];
        var path = folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        var isCi = Environment.GetEnvironmentVariable("CI") == "true";
        Assert.False(path is null && isCi, $"{program} is not installed, and CI=true allows no skip");
        Assert.SkipWhen(path is null, $"needs {program}: apt-get install mosquitto mosquitto-clients");
        return path!;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var probe = new TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            return false;
        }
    }
}
