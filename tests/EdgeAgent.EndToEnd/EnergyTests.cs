using System.Globalization;
using System.Text.Json;

namespace EdgeAgent.EndToEnd;

/// <summary>What verbs without a service say of a board's power.</summary>
public sealed class EnergyTests : IDisposable
{
    private const string Prompt = "Tell me a story.";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    private readonly TemporaryFolder _folder = new();

    // The input rail of the folder: 4.984 V times 1.04 A, whatever is computed.
    private const double Watts = 4.984 * 1.04;

    [Fact]
    public async Task Ask_says_the_energy_of_an_answer_where_the_board_measures_its_power()
    {
        var answer = await AskAsync(["--sensors-root", Board, "--json", .. Endless()]);
        var joules = answer.GetProperty("energy_joules").GetDouble();
        var timings = answer.GetProperty("timings");
        var seconds = (timings.GetProperty("prompt_ms").GetDouble() + timings.GetProperty("completion_ms").GetDouble())
            / 1000;
        // Begin and end of the request lie a little outside of its steps.
        Assert.InRange(joules, Watts * seconds * 0.98, Watts * (seconds + 2));

        var shown = await RunAsync(["ask", Prompt, "--sensors-root", Board, .. Endless()]);
        Assert.Matches(@"energy: \d+\.?\d* J; \d\.\d+ J per token", shown);
    }

    [Fact]
    public async Task Ask_that_waits_before_knows_the_energy_above_idle()
    {
        var answer = await AskAsync(["--sensors-root", Board, "--json", "--energy", .. Endless()]);
        // A rail that draws the same at all times draws nothing more while it computes.
        Assert.Equal(0, answer.GetProperty("energy_above_idle_joules").GetDouble(), 2);
        // The wait is no part of the answer's time in the queue.
        Assert.InRange(answer.GetProperty("timings").GetProperty("queue_ms").GetDouble(), 0, 2000);
    }

    [Fact]
    public async Task A_board_without_a_sensor_gives_no_energy()
    {
        using var folder = new TemporaryFolder();
        var answer = await AskAsync("--sensors-root", folder.Path, "--json");
        Assert.False(answer.TryGetProperty("energy_joules", out _));
        Assert.DoesNotContain("energy", await RunAsync("ask", "hi", "--sensors-root", folder.Path),
            StringComparison.Ordinal);
        Assert.Contains("shows no power", await RunAsync("ask", "hi", "--sensors-root", folder.Path, "--energy"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tune_warns_while_an_agent_runs_on_the_board()
    {
        await using var place = await Workplace.CreateAsync();
        var data = Path.Combine(place.Folder, "state");
        await using var agent = await AgentProcess.StartAsync(place.Folder, [],
            "--mqtt", $"mqtt://127.0.0.1:{place.Broker.Port}", "--device", place.Device, "--data", data);
        await agent.LoggedAsync("ready");
        var told = string.Create(
            CultureInfo.InvariantCulture, $"an agent runs on this board ({place.Device}, process {agent.Id})");
        Assert.Contains(told,
            await RunAsync("tune", "--data", data, "--seconds", "1"), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>An answer so long that power is read while it runs.</summary>
    private string[] Endless() =>
        ["--model", EndlessPackage.Copy(Nano, _folder), "--max-tokens", "900"];

    private static string Nano => Path.Combine(Repository.Root, "models-lite", "nano");

    private static string Board => Path.Combine(
        Repository.Root, "tests", "EdgeAgent.Tests", "Fixtures", "boards", "jetson-orin-nano");

    private static async Task<JsonElement> AskAsync(params string[] arguments)
    {
        using var answer = JsonDocument.Parse(await RunAsync(["ask", Prompt, .. arguments]));
        return answer.RootElement.Clone();
    }

    private static async Task<string> RunAsync(params string[] arguments) => (await Shell.RunAsync(
        s_patience, Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent"), arguments)).Expect();
}
