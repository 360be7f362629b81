using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EdgeAgent.EndToEnd;

/// <summary>One real process of the published agent, with its log and an empty home folder.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<string> _log = [];
    private readonly Process _process;

    private AgentProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts <c>edge-agent run --json</c> in a working folder; its home is <c>home</c> there.</summary>
    public static async Task<AgentProcess> StartAsync(
        string folder, Dictionary<string, string> environment, params IEnumerable<string> arguments)
    {
        var program = Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent");
        return Start(folder, environment, [program, "run", "--json", .. arguments]);
    }

    /// <summary>Starts any command line whose first word is a program.</summary>
    public static AgentProcess Start(
        string folder, Dictionary<string, string> environment, IReadOnlyList<string> command)
    {
        var home = Directory.CreateDirectory(Path.Combine(folder, "home")).FullName;
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment.Append(new("HOME", home)).Append(new("TMPDIR", folder)))
        {
            start.Environment[name] = value;
        }
        return new AgentProcess(Process.Start(start)!);
    }

    public string Log()
    {
        lock (_log)
        {
            return string.Join('\n', _log);
        }
    }

    /// <summary>The messages of one kind of event, in order.</summary>
    public IReadOnlyList<string> Events(string name)
    {
        var found = new List<string>();
        foreach (var line in Log().Split('\n').Where(line => line.StartsWith('{')))
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("event").GetString() == name)
            {
                found.Add(json.RootElement.GetProperty("message").GetString()!);
            }
        }
        return found;
    }

    public Task LoggedAsync(string eventName, int times = 1) => Shell.UntilAsync(s_patience,
        $"the agent logs {eventName}", () => Task.FromResult(Events(eventName).Count >= times),
        () => Task.FromResult(Log()));

    /// <summary>SIGTERM; the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)]);
        return await ExitAsync();
    }

    public async Task<int> ExitAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (_log)
            {
                _log.Add(line);
            }
        }
    }
}
