using System.Globalization;
using System.Text.Json;

namespace EdgeAgent.EndToEnd;

/// <summary>`edge-agent status` beside a real agent on a board with a power sensor.</summary>
public sealed class StatusTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Status_shows_what_the_agent_does_now_and_an_answer_has_the_energy_that_it_counts()
    {
        await using var place = await Workplace.CreateAsync();
        var (board, data) = (BoardOf("jetson-orin-nano", place.Folder), Path.Combine(place.Folder, "state"));
        var requester = await place.RequesterAsync();
        await using var agent = await AgentProcess.StartAsync(place.Folder,
            new() { ["EDGEAGENT_TELEMETRY_INTERVAL_S"] = "1", ["EDGEAGENT_PRUNING_PINNED_LEVEL"] = "1" },
            "--mqtt", $"mqtt://127.0.0.1:{place.Broker.Port}", "--device", place.Device, "--data", data,
            "--sensors-root", board);
        await requester.StatusAsync("online");

        Received? answer = null;
        var (time, asked, answered) = (TimeProvider.System, 0L, 0L);
        await Shell.UntilAsync(s_patience, "an answer has its energy", async () =>
        {
            asked = time.GetTimestamp();
            answer = await requester.AskAsync(
                new { prompt = "Tell me a story.", temperature = 2, seed = 7, max_tokens = 600 });
            answered = time.GetTimestamp();
            return answer.Body.TryGetProperty("energy_joules", out _);
        }, () => Task.FromResult($"{answer}\n{agent.Log()}"));
        var joules = answer!.Body.GetProperty("energy_joules").GetDouble();
        // 4.984 V times 1.04 A: the input rail of the folder.
        var watts = Number(board, "in1_input") * Number(board, "curr1_input") / 1e6;
        var timings = answer.Body.GetProperty("timings");
        var seconds = (timings.GetProperty("prompt_ms").GetDouble() + timings.GetProperty("completion_ms").GetDouble())
            / 1000;
        // No less than the steps took, and no more than from the question to the answer.
        Assert.InRange(joules, watts * seconds * 0.98, watts * time.GetElapsedTime(asked, answered).TotalSeconds);

        using var status = JsonDocument.Parse(await StatusAsync(0, "--data", data, "--json"));
        var root = status.RootElement;
        Assert.Equal(("ready", place.Device, agent.Id), (Text(root, "state"), Text(root, "device"),
            root.GetProperty("pid").GetInt32()));
        Assert.Equal((1, "pinned", "accept"), (root.GetProperty("plan").GetProperty("level").GetInt32(),
            Text(root.GetProperty("plan"), "cause"), Text(root.GetProperty("plan"), "admission")));
        Assert.Equal(watts, root.GetProperty("board").GetProperty("power_watts").GetDouble(), 2);
        Assert.True(root.GetProperty("broker").GetProperty("connected").GetBoolean());
        Assert.True(root.GetProperty("counters").GetProperty("requests_accepted_total").GetInt32() >= 1);
        Assert.True(root.GetProperty("energy").GetProperty("request_joules").GetDouble() >= joules - 0.001);

        var shown = await StatusAsync(0, "--data", data);
        Assert.Contains("ready for", shown, StringComparison.Ordinal);
        Assert.Contains("level        1 of 0 to 3; pinned", shown, StringComparison.Ordinal);
        var watched = await StatusAsync(0, "--data", data, "--json", "--watch", "--count", "2");
        Assert.Equal(2, watched.Trim().Split('\n').Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
            new FileInfo(Path.Combine(data, "status.sock")).UnixFileMode);
    }

    [Fact]
    public async Task A_socket_that_a_killed_agent_left_is_told_apart_and_the_next_agent_takes_it_over()
    {
        await using var place = await Workplace.CreateAsync();
        var data = Path.Combine(place.Folder, "state");
        Assert.Contains("status.sock: not there", await StatusAsync(1, "--data", data), StringComparison.Ordinal);
        var first = await StartAsync(place, data);
        await first.LoggedAsync("ready");
        await first.KillAsync();

        var told = await StatusAsync(1, "--data", data);
        Assert.Contains("left by an agent that runs no more", told, StringComparison.Ordinal);
        Assert.Contains("systemctl start edge-agent, or edge-agent run", told, StringComparison.Ordinal);

        await using var second = await StartAsync(place, data);
        await second.LoggedAsync("ready");
        using var status = JsonDocument.Parse(await StatusAsync(0, "--data", data, "--json"));
        Assert.Equal(second.Id, status.RootElement.GetProperty("pid").GetInt32());
        Assert.Equal(0, await second.StopAsync());
        Assert.False(File.Exists(Path.Combine(data, "status.sock")));
    }

    [Fact]
    public async Task What_tune_saved_is_what_the_next_run_begins_with()
    {
        await using var place = await Workplace.CreateAsync();
        var data = Path.Combine(place.Folder, "state");
        var board = BoardOf("jetson-orin-nano", place.Folder);
        using var tuned = JsonDocument.Parse((await VerbAsync(0, "tune", "--seconds", "1", "--data", data,
            "--sensors-root", board, "--save", "--json")).Split('\n').First(line => line.StartsWith('{')));
        var levels = tuned.RootElement.GetProperty("levels");
        Assert.Equal(4, levels.GetArrayLength());
        // Constant power: what a token takes above idle is nothing, and in all it is power over speed.
        Assert.All(levels.EnumerateArray(), level => Assert.True(level.GetProperty("joules_per_token").GetDouble() > 0
            && level.GetProperty("joules_above_idle_per_token").GetDouble() < 1e-3, level.GetRawText()));

        await using var agent = await StartAsync(place, data);
        await agent.LoggedAsync("ready");
        Assert.Single(agent.Events("tuned"));
        await agent.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(data, "tune.json"), "{}",
            TestContext.Current.CancellationToken);
        await using var next = await StartAsync(place, data);
        await next.LoggedAsync("ready");
        Assert.Contains("edge-agent tune --save", Assert.Single(next.Events("not_tuned")), StringComparison.Ordinal);
    }

    private static Task<AgentProcess> StartAsync(Workplace place, string data) => AgentProcess.StartAsync(
        place.Folder, [], "--mqtt", $"mqtt://127.0.0.1:{place.Broker.Port}", "--device", place.Device, "--data", data);

    private static Task<string> StatusAsync(int code, params string[] arguments) =>
        VerbAsync(code, ["status", .. arguments]);

    private static async Task<string> VerbAsync(int code, params string[] arguments)
    {
        var program = Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent");
        var result = await Shell.RunAsync(s_patience, program, arguments);
        Assert.True(result.ExitCode == code, result.Output);
        return result.Output;
    }

    private static string BoardOf(string name, string folder)
    {
        var root = Path.Combine(folder, "board");
        var source = Path.Combine(Repository.Root, "tests", "EdgeAgent.Tests", "Fixtures", "boards", name);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(root, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        return root;
    }

    private static double Number(string board, string file) => double.Parse(
        File.ReadAllText(Path.Combine(board, "sys/class/hwmon/hwmon1", file)), CultureInfo.InvariantCulture);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
