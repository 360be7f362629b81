using System.Text.RegularExpressions;

namespace EdgeAgent.EndToEnd;

/// <summary>The agent writes nowhere and talks to nobody but where it should.</summary>
public sealed partial class IsolationTests
{
    [Fact]
    public async Task Run_writes_no_file_outside_of_its_state_folder_and_connects_to_nobody_but_the_broker()
    {
        var strace = Need.Tool("strace");
        await using var place = await Workplace.CreateAsync();
        var trace = Path.Combine(place.Folder, "trace");
        var state = Path.Combine(place.Folder, "state");
        var program = Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent");
        var requester = await place.RequesterAsync();
        await using var traced = AgentProcess.Start(place.Folder, [], [strace, "-f", "-qq", "-e",
            "trace=connect,sendto,openat,creat,mkdir,mkdirat", "-o", trace, program, "run", "--json",
            "--mqtt", $"mqtt://127.0.0.1:{place.Broker.Port}", "--device", place.Device, "--data", state]);
        await requester.StatusAsync("online");
        var answer = await requester.AskAsync(new { prompt = "sensor disconnected?", level = new { min = 3 } });
        Assert.Equal(200, answer.Status);
        var agent = int.Parse(File.ReadAllText($"/proc/{traced.Id}/task/{traced.Id}/children"), null);
        using var kill = System.Diagnostics.Process.Start("kill", ["-TERM", $"{agent}"]);

        Assert.Equal(0, await traced.ExitAsync());

        var calls = File.ReadAllLines(trace);
        Assert.Contains(calls, call => call.Contains($"htons({place.Broker.Port})", StringComparison.Ordinal));
        AssertConnects(calls, place.Broker.Port);
        AssertWrites(calls, state);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(place.Folder, "home")));
    }

    [Fact]
    public async Task Ask_answers_without_a_broker_and_writes_and_connects_nowhere()
    {
        var strace = Need.Tool("strace");
        using var folder = new TemporaryFolder();
        var trace = Path.Combine(folder.Path, "trace");
        var program = Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent");
        var golden = GoldenPrompt.Of("fault_qa");
        var prompt = golden.Messages[0].GetProperty("content").GetString()!;

        await using var asked = AgentProcess.Start(folder.Path, [], [strace, "-f", "-qq", "-e",
            "trace=connect,sendto,openat,creat,mkdir,mkdirat", "-o", trace, program, "ask", prompt]);

        Assert.Equal(0, await asked.ExitAsync());
        Assert.Equal(golden.Text, asked.Log());
        var calls = File.ReadAllLines(trace);
        AssertConnects(calls, broker: -1);
        AssertWrites(calls, state: "/nonexistent");
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(folder.Path, "home")));
    }

    // Calls with an address of the internet; those with a Unix socket stay on the machine.
    private static void AssertConnects(IEnumerable<string> calls, int broker) => Assert.DoesNotContain(
        calls.Where(call => InternetAddress().IsMatch(call)),
        call => !call.Contains($"htons({broker})", StringComparison.Ordinal));

    // .NET itself keeps its diagnostics pipes and semaphores of the process under /tmp and /dev/shm. A call that one of
    // another thread interrupts is written in two lines, and the path stands in the first of them.
    private static void AssertWrites(IEnumerable<string> calls, string state)
    {
        var written = calls
            .Where(call => WritingCall().IsMatch(call) && !call.Contains("ENOENT", StringComparison.Ordinal)
                && !call.Contains(" resumed>", StringComparison.Ordinal))
            .Select(call => QuotedPath().Match(call).Groups[1].Value)
            .Where(path => !path.StartsWith(state, StringComparison.Ordinal) && !RuntimesOwn().IsMatch(path));
        Assert.Empty(written);
    }

    [GeneratedRegex(@"O_WRONLY|O_RDWR|O_CREAT|\bcreat\(|\bmkdir")]
    private static partial Regex WritingCall();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex QuotedPath();

    [GeneratedRegex("sin6?_port")]
    private static partial Regex InternetAddress();

    [GeneratedRegex(@"^/(proc|dev)/|/(clr-debug-pipe|dotnet-diagnostic|\.dotnet|doublemapper)")]
    private static partial Regex RuntimesOwn();
}
