using System.Globalization;

[assembly: AssemblyFixture(typeof(EdgeAgent.EndToEnd.SystemdBox))]

namespace EdgeAgent.EndToEnd;

/// <summary>A real systemd over a Debian root of its own, with the published agent installed in it.</summary>
/// <remarks>The root is made once (about 40 s, 400 MB) and kept in the cache folder; the agent and the unit are copied
/// into it at every run. Booting takes a second, so the box starts with the first test that asks for it.</remarks>
public sealed class SystemdBox : IAsyncDisposable
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _once = new(1);
    private FileStream? _lock;
    private bool _isBooted;

    /// <summary>The box's own root folder, seen from outside.</summary>
    internal string Root { get; } = Path.Combine(PublishedAgent.CacheFolder, "systemd-box");

    /// <summary>Boots the box where it is not booted yet; skips the test where the machine cannot.</summary>
    internal async Task StartAsync()
    {
        var script = Need.Shared("tools/systemd-box");
        Need.Root();
        Need.Tool("unshare", "util-linux");
        Need.Tool("debootstrap");
        await _once.WaitAsync();
        try
        {
            if (!_isBooted)
            {
                // Two test runs would boot the same root: the second one gets an IOException that says so.
                _lock ??= new FileStream(Root + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
                await CreateAsync(script);
                await InstallAsync(await PublishedAgent.FolderAsync());
                await BootAsync(script);
                _isBooted = true;
            }
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>Runs a command inside the box.</summary>
    internal Task<ShellResult> RunAsync(params string[] command) =>
        Shell.RunAsync(s_short, "bash", [Need.Shared("tools/systemd-box"), "run", Root, .. command]);

    /// <summary>The process id that a process of the box has outside of it.</summary>
    internal async Task<int> OutsideIdAsync(int insideId)
    {
        var space = new FileInfo($"/proc/{await BoxIdAsync()}/ns/pid").LinkTarget;
        var found = Directory.GetDirectories("/proc")
            .Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0]))
            .First(path => IsInside(path, insideId.ToString(CultureInfo.InvariantCulture), space));
        return int.Parse(Path.GetFileName(found), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isBooted)
        {
            await Shell.RunAsync(s_short, "bash", Need.Shared("tools/systemd-box"), "stop", Root);
        }
        _lock?.Dispose();
        _once.Dispose();
    }

    private static bool IsInside(string processFolder, string insideId, string? space)
    {
        try
        {
            return new FileInfo(Path.Combine(processFolder, "ns/pid")).LinkTarget == space
                && File.ReadLines(Path.Combine(processFolder, "status"))
                    .First(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1] == insideId;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // It ended while we looked.
            return false;
        }
    }

    private async Task<string> BoxIdAsync() => (await File.ReadAllTextAsync(Root + ".pid")).Trim();

    private async Task CreateAsync(string script)
    {
        if (File.Exists(Path.Combine(Root, "etc/os-release")))
        {
            return;
        }
        // Made aside and renamed: an interrupted run leaves no half root behind that looks like a whole one.
        var unfinished = Root + ".new";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }
        var packages = "mosquitto,mosquitto-clients";
        (await Shell.RunAsync(TimeSpan.FromMinutes(10), "bash", script, "create", unfinished, packages)).Expect();
        Directory.Move(unfinished, Root);
    }

    private async Task InstallAsync(string agent)
    {
        var program = Need.Tool("dotnet");
        var dotnet = Path.GetDirectoryName(File.ResolveLinkTarget(program, true)?.FullName ?? program)!;
        var deploy = Path.Combine(Repository.Root, "deploy");
        var steps = $"""
            set -e
            mkdir -p "$1/usr/share/dotnet/shared" "$1/etc/edge-agent"
            rm -rf "$1/usr/lib/edge-agent" "$1/var/lib/edge-agent" "$1/var/log/journal"
            cp -ru "$2/host" "$2/dotnet" "$1/usr/share/dotnet/"
            cp -ru "$2"/shared/Microsoft.*.App "$1/usr/share/dotnet/shared/"
            cp -r "$3" "$1/usr/lib/edge-agent"
            cp "$4/edge-agent.service" "$1/usr/lib/systemd/system/"
            cp "$4/edge-agent.sysusers" "$1/usr/lib/sysusers.d/edge-agent.conf"
            printf '127.0.0.1 localhost\n::1 localhost\n' > "$1/etc/hosts"
            """;
        (await Shell.RunAsync(s_short, "bash", "-c", steps, "install", Root, dotnet, agent, deploy)).Expect();
    }

    private async Task BootAsync(string script)
    {
        await Shell.RunAsync(s_short, "bash", script, "stop", Root);
        (await Shell.RunAsync(s_short, "bash", script, "start", Root)).Expect();
        // The box lacks this link, and without it systemd refuses PrivateDevices=.
        await RunAsync("ln", "-s", "pts/ptmx", "/dev/ptmx");
        // The agent must be ready without a broker; a test that wants one starts it.
        await RunAsync("systemctl", "disable", "--now", "mosquitto");
        (await RunAsync("systemd-sysusers")).Expect();
    }
}
