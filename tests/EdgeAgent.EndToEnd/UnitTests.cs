using System.Globalization;
using System.Text.RegularExpressions;

namespace EdgeAgent.EndToEnd;

/// <summary>The shipped unit under a real systemd.</summary>
public sealed class UnitTests(SystemdBox box) : IAsyncLifetime
{
    // systemd's own words go to the console of the box; the reason of an end is told to ExecStopPost.
    private const string ShortWatchdog = """
        [Service]
        WatchdogSec=3
        ExecStopPost=+/bin/sh -c 'echo $$SERVICE_RESULT > /run/result-$$INVOCATION_ID'

        """;

    private const string DropIn = "etc/systemd/system/edge-agent.service.d/test.conf";
    private const string Configuration = "etc/edge-agent/edge-agent.json";

    public async ValueTask InitializeAsync()
    {
        await box.StartAsync();
        await box.RunAsync("systemctl", "stop", "edge-agent");
        await box.RunAsync("systemctl", "reset-failed", "edge-agent");
        foreach (var left in new[] { DropIn, Configuration }.Select(name => Path.Combine(box.Root, name)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(left)!);
            File.Delete(left);
        }
        (await box.RunAsync("systemctl", "daemon-reload")).Expect();
    }

    public async ValueTask DisposeAsync() => await box.RunAsync("systemctl", "stop", "edge-agent");

    [Fact]
    public async Task The_unit_becomes_active_without_a_broker_and_shows_its_status_line()
    {
        (await box.RunAsync("systemctl", "start", "edge-agent")).Expect();

        Assert.Equal("active", await PropertyAsync("ActiveState"));
        Task<ShellResult> StatusAsync() => box.RunAsync("systemctl", "status", "--no-pager", "edge-agent");
        await Shell.UntilAsync(TimeSpan.FromSeconds(20), "the status line shows model, readiness and broker",
            async () => Regex.IsMatch((await StatusAsync()).Expect(), "Status: \"nano@.*ready.*broker.*\""),
            async () => (await StatusAsync()).Output);
    }

    [Fact]
    public async Task An_agent_that_was_killed_is_started_again()
    {
        var first = await StartAsync();

        (await box.RunAsync("systemctl", "kill", "-s", "KILL", "--kill-whom=main", "edge-agent")).Expect();

        await RestartedAsync(first);
    }

    [Theory]
    [InlineData("inference")]
    [InlineData("mqtt")]
    [InlineData("telemetry")]
    [InlineData("pruning")]
    public async Task A_loop_that_stands_still_is_named_and_ends_in_a_restart(string loop)
    {
        await WriteAsync(DropIn, ShortWatchdog);
        var first = await StartAsync();
        var invocation = await PropertyAsync("InvocationID");
        var outside = await box.OutsideIdAsync(int.Parse(first, CultureInfo.InvariantCulture));

        using var suspended = await SuspendedThread.HoldAsync(outside, loop);

        await RestartedAsync(first);
        Assert.Contains($"The loop {loop} has made no progress", await LogAsync(first), StringComparison.Ordinal);
        await EndedByWatchdogAsync(invocation);
    }

    [Fact]
    public async Task An_idle_agent_outlives_many_watchdog_intervals()
    {
        await WriteAsync(DropIn, "[Service]\nWatchdogSec=1\n");
        var first = await StartAsync();

        var started = TimeProvider.System.GetTimestamp();
        await Shell.UntilAsync(TimeSpan.FromSeconds(20), "six seconds have passed",
            () => Task.FromResult(TimeProvider.System.GetElapsedTime(started).TotalSeconds > 6), () => LogAsync(first));

        Assert.Equal(first, await PropertyAsync("MainPID"));
        Assert.Equal("0", await PropertyAsync("NRestarts"));
    }

    [Fact]
    public async Task A_stopped_process_is_restarted()
    {
        await WriteAsync(DropIn, ShortWatchdog);
        var first = await StartAsync();
        var invocation = await PropertyAsync("InvocationID");

        (await box.RunAsync("systemctl", "kill", "-s", "STOP", "--kill-whom=main", "edge-agent")).Expect();

        await RestartedAsync(first);
        await EndedByWatchdogAsync(invocation);
    }

    [Fact]
    public async Task A_wrong_configuration_ends_with_78_and_is_not_started_again()
    {
        await WriteAsync(Configuration, """
            {
              "mqtt": { "ulr": "mqtt://site1" },
              "serving": { "queue": 0 }
            }
            """);

        var started = await box.RunAsync("systemctl", "start", "edge-agent");

        Assert.NotEqual(0, started.ExitCode);
        Assert.Equal("failed", await PropertyAsync("ActiveState"));
        Assert.Equal("78", await PropertyAsync("ExecMainStatus"));
        Assert.Equal("0", await PropertyAsync("NRestarts"));
        var log = await LogAsync(await PropertyAsync("ExecMainPID"));
        Assert.Contains("edge-agent.json:2: unknown key \"mqtt.ulr\"; did you mean \"mqtt.url\"?", log,
            StringComparison.Ordinal);
        Assert.Contains("edge-agent.json:3: serving.queue wants", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_is_clean_and_ends_with_0()
    {
        await StartAsync();

        (await box.RunAsync("systemctl", "stop", "edge-agent")).Expect();

        Assert.Equal("inactive", await PropertyAsync("ActiveState"));
        Assert.Equal("success", await PropertyAsync("Result"));
        Assert.Equal("0", await PropertyAsync("ExecMainStatus"));
    }

    [Fact]
    public async Task Nothing_but_the_agent_itself_writes_to_its_state_folder()
    {
        await StartAsync();

        // ONNX Runtime's own telemetry kept a database here.
        Assert.False(Directory.Exists(Path.Combine(box.Root, "var/lib/edge-agent/.cache")));
    }

    [Fact]
    public async Task The_unit_exposes_no_more_than_it_did()
    {
        var unit = Path.Combine(Repository.Root, "deploy", "edge-agent.service");
        var rated = await Shell.RunAsync(TimeSpan.FromSeconds(30), Need.Tool("systemd-analyze", "systemd"),
            "security", "--offline=true", "--threshold=12", "--no-pager", unit);
        rated.Expect();
    }

    private async Task<string> StartAsync()
    {
        (await box.RunAsync("systemctl", "daemon-reload")).Expect();
        var started = await box.RunAsync("systemctl", "start", "edge-agent");
        Assert.True(started.ExitCode == 0, started.Output + await LogAsync(await PropertyAsync("ExecMainPID")));
        return await PropertyAsync("MainPID");
    }

    private Task RestartedAsync(string first) => Shell.UntilAsync(TimeSpan.FromSeconds(45),
        $"another process than {first} is active",
        async () => await PropertyAsync("ActiveState") == "active" && await PropertyAsync("MainPID") != first,
        async () => (await box.RunAsync("systemctl", "status", "--no-pager", "edge-agent")).Output
            + await LogAsync(first));

    private async Task EndedByWatchdogAsync(string invocation)
    {
        // A file and not the journal, which may lose whose line it is when its writer has ended already.
        var result = await box.RunAsync("cat", $"/run/result-{invocation}");
        Assert.Equal("watchdog", result.Expect().Trim());
    }

    private async Task<string> PropertyAsync(string name) =>
        (await box.RunAsync("systemctl", "show", "--value", "-p", name, "edge-agent")).Expect().Trim()
            .Split('\n')[0];

    private async Task<string> LogAsync(string processId) =>
        (await box.RunAsync("journalctl", "--no-pager", "-o", "cat", $"_PID={processId}")).Output;

    private async Task WriteAsync(string relative, string text)
    {
        var path = Path.Combine(box.Root, relative);
        await File.WriteAllTextAsync(path, text);
    }
}
