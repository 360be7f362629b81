using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeAgent.Hosting.Confined;

namespace EdgeAgent.Tests.Hosting;

/// <summary>A confined program has no network and changes files of one folder only; its parent keeps both.</summary>
public sealed class ConfinedProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _cancel = new();

    [Fact]
    public void A_confined_program_reaches_no_server_and_any_other_does()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var connect = $"exec 3<>/dev/tcp/127.0.0.1/{((IPEndPoint)server.LocalEndpoint).Port}";

        Assert.NotEqual(0, Confined(connect, out var missing));
        SkipWhereMissing(missing, "network");
        Assert.False(server.Pending());

        using var free = Process.Start("bash", ["-c", connect]);
        free.WaitForExit();
        Assert.Equal(0, free.ExitCode);
        Assert.True(server.Pending());
    }

    [Fact]
    public void A_confined_program_changes_files_of_its_folder_only_and_reads_all()
    {
        var inside = Directory.CreateDirectory(_folder.File("inside")).FullName;
        File.WriteAllText(_folder.File("other"), "as it was");

        Assert.Equal(0, Confined($"mkdir {inside}/a && echo x > {inside}/a/b && mv {inside}/a {inside}/c", out var no));
        SkipWhereMissing(no, "files");
        string[] forbidden =
        [
            $"echo x > {_folder.Path}/other", $"echo x > {_folder.Path}/new", $"rm {_folder.Path}/other",
            $"mkdir {_folder.Path}/new", $"mv {_folder.Path}/other {inside}/", $"ln -s x {_folder.Path}/new",
            $"truncate -s 0 {_folder.Path}/other",
        ];
        Assert.All(forbidden, command => Assert.NotEqual(0, Confined(command, out _)));
        Assert.Equal(0, Confined($"cat {_folder.Path}/other >/dev/null", out _));
        Assert.Equal("as it was", File.ReadAllText(_folder.File("other")));
        Assert.Equal(["inside", "other"],
            Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_exit_code_is_the_programs_own_and_names_the_signal_that_ended_it()
    {
        Assert.Equal(7, Confined("exit 7", out _));
        Assert.Equal(128 + 9, Confined("kill -9 $$", out _));
    }

    [Fact]
    public void A_confined_program_that_is_called_off_ends_even_if_it_does_not_want_to()
    {
        var started = _folder.File("inside/started");
        Directory.CreateDirectory(_folder.File("inside"));
        var watch = new Thread(() =>
        {
            SpinWait.SpinUntil(() => File.Exists(started));
            _cancel.Cancel();
        });
        watch.Start();
        Assert.Equal(128 + 9, Confined($"trap '' INT TERM; echo > {started}; while :; do :; done", out _));
        watch.Join();
    }

    [Fact]
    public void A_kernel_that_refuses_the_limit_of_memory_is_told_of_and_the_program_goes_on()
    {
        string? unable = null;
        long? limit = null;
        var missing = new List<string>();
        // The refusal and the end with the parent hold for this thread alone, and go with it.
        var thread = new Thread(() =>
        {
            // setrlimit and prlimit64, as Linux' asm/unistd.h numbers them.
            unable = Confinement.GiveUp(RuntimeInformation.ProcessArchitecture == Architecture.Arm64
                ? [164, 261] : [160, 302]);
            limit = unable is null ? ConfinedProcess.Accept($"{Parent()}:{1 << 30}", missing.Add) : null;
        });
        thread.Start();
        thread.Join();
        Assert.SkipUnless(unable is null, $"this kernel gives no seccomp: {unable}");
        Assert.Equal(["no limit of memory but that of .NET's heap: Permission denied"], missing);
        Assert.Equal(1 << 30, limit);
    }

    [Fact]
    public void A_narrower_limit_of_memory_that_the_operator_set_is_no_refusal()
    {
        var said = _folder.File("inside/said");
        // Whoever may raise limits would never be refused.
        var unprivileged = Environment.IsPrivilegedProcess ? "setpriv --bounding-set=-sys_resource " : "";
        var agent = Path.Combine(AppContext.BaseDirectory, "edge-agent");
        Confined($"ulimit -d {Limits().MemoryBytes / 1024 / 2}; exec {unprivileged}{agent} model import no-source "
            + $"--out x 2>{said}", out _);
        var lines = File.ReadAllText(said);
        Assert.Contains("no-source", lines, StringComparison.Ordinal);
        Assert.DoesNotContain("lacks something", lines, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_is_not_there_is_an_error_that_names_it()
    {
        var error = Assert.Throws<IOException>(() => ConfinedProcess.Run(
            new ProcessStartInfo(_folder.File("nothing")), Limits(), _ => { }, _cancel.Token));
        Assert.Contains(_folder.File("nothing"), error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _cancel.Dispose();
        _folder.Dispose();
    }

    private ConfinedLimits Limits() =>
        new(Directory.CreateDirectory(_folder.File("inside")).FullName, MemoryBytes: 1 << 30);

    private int Confined(string command, out List<string> missing)
    {
        var told = new List<string>();
        var start = new ProcessStartInfo("bash", ["-c", $"exec 2>/dev/null; {command}"]);
        var end = ConfinedProcess.Run(start, Limits(), told.Add, _cancel.Token);
        missing = told;
        return end.ExitCode;
    }

    private static string Parent() => File.ReadAllLines("/proc/self/status")
        .Single(line => line.StartsWith("PPid:", StringComparison.Ordinal))["PPid:".Length..].Trim();

    private static void SkipWhereMissing(List<string> missing, string what) => Assert.SkipWhen(
        missing.Any(text => text.Contains(what, StringComparison.Ordinal)),
        $"this kernel gives {missing.FirstOrDefault()}");
}
