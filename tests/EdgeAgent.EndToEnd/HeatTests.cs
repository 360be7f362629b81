using System.Text.Json;

namespace EdgeAgent.EndToEnd;

/// <summary>A board that a test heats step by step: level, answers, events, status and telemetry follow.</summary>
public sealed class HeatTests
{
    private static readonly Dictionary<string, string> s_quick = new()
    {
        ["EDGEAGENT_TELEMETRY_INTERVAL_S"] = "1",
        ["EDGEAGENT_PRUNING_DWELL_S"] = "1",
        ["EDGEAGENT_PRUNING_RECOVERY_S"] = "2",
    };

    [Fact]
    public async Task A_board_that_is_heated_computes_less_says_why_and_recovers_when_it_cools()
    {
        await using var work = await Workplace.CreateAsync();
        var board = new FakeBoard(work.Folder);
        var requester = await work.RequesterAsync();
        board.Heat(50);
        await work.AgentAsync(s_quick, "--sensors-root", board.Root);
        await requester.StatusAsync("online");
        var golden = GoldenPrompt.Of("defect");
        await AssertAnswerAsync(requester, golden, level: 0, cause: "none");

        // Far from the limit nothing changes; near it the level rises, and every answer says why.
        foreach (var celsius in new[] { 60, 70, 80, 84 })
        {
            board.Heat(celsius);
            await requester.TelemetryAsync("board", "the board's temperature", readings =>
                readings.GetProperty("soc_temperature_celsius").GetDouble() == celsius);
        }
        var raised = await requester.EventAsync("level", body => body.GetProperty("level").GetInt32() == 1);
        Assert.Equal((0, "temperature"), (Number(raised, "from"), raised.GetProperty("cause").GetString()));
        Assert.Contains("limit 85.0 °C", raised.GetProperty("reason").GetString(), StringComparison.Ordinal);

        board.Heat(FakeBoard.LimitCelsius + 1);
        await requester.EventAsync("level", body => Number(body, "level") == 3);
        await requester.TelemetryAsync("engine", "level 3", readings => Number(readings, "level") == 3);
        // Above its limit the board takes nothing new, and says when to come again.
        var refusal = await AskUntilAsync(requester, answer => answer.Status != 200);
        Assert.Equal((503, "overloaded", true), (refusal.Status, refusal.Code,
            refusal.Body.GetProperty("error").GetProperty("retry_after_ms").GetInt32() > 0));
        board.Heat(80);
        await AskUntilAsync(requester, answer => answer.Status == 200);
        await AssertAnswerAsync(requester, golden, level: 3, cause: "temperature");
        await requester.StatusAsync("online", level: 3);

        board.Heat(45);
        await requester.EventAsync("level", body => Number(body, "level") == 0);
        await AssertAnswerAsync(requester, golden, level: 0, cause: "none");
        var readings = await requester.TelemetryAsync("engine", "minutes of every level", readings =>
            Number(readings, "level") == 0 && readings.GetProperty("level_3_minutes_total").GetDouble() > 0);
        Assert.True(readings.GetProperty("above_limit_seconds_total").GetDouble() > 0);
        Assert.Equal(0, Number(readings, "limits_held"));
    }

    [Fact]
    public async Task A_thermometer_that_vanishes_is_told_once_and_the_answers_go_on()
    {
        await using var work = await Workplace.CreateAsync();
        var board = new FakeBoard(work.Folder);
        var requester = await work.RequesterAsync();
        board.Heat(50);
        await work.AgentAsync(s_quick, "--sensors-root", board.Root);
        await requester.StatusAsync("online");
        board.RemoveThermometer();
        var lost = await requester.EventAsync("sensor", body =>
            body.GetProperty("name").GetString()!.Contains("temperature", StringComparison.Ordinal));
        Assert.Matches("lost|gone", lost.GetProperty("kind").GetString()!);
        var answer = await requester.AskAsync(new { prompt = "sensor disconnected?" });
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task A_reading_of_the_line_is_a_limit_too()
    {
        await using var work = await Workplace.CreateAsync();
        var board = new FakeBoard(work.Folder);
        var requester = await work.RequesterAsync();
        await work.AgentAsync(s_quick, "--sensors-root", board.Root);
        await requester.StatusAsync("online");
        await requester.PublishAsync(new Publishing(new { value = 61.5, unit = "celsius", limit = 60, valid_s = 60 })
        {
            Topic = $"{requester.InReading}/belt",
        });
        var raised = await requester.EventAsync("level", body => Number(body, "level") == 1);
        Assert.Equal("line", raised.GetProperty("cause").GetString());
        await requester.TelemetryAsync("board", "the line's reading", readings =>
            readings.TryGetProperty("line_belt_celsius", out var value) && value.GetDouble() == 61.5);
    }

    [Fact]
    public async Task Limits_that_contradict_each_other_end_the_agent_with_78_and_all_their_names()
    {
        await using var work = await Workplace.CreateAsync();
        var board = new FakeBoard(work.Folder);
        var agent = await work.AgentAsync(new()
        {
            ["EDGEAGENT_PRUNING_TEMPERATURE_LIMIT_CELSIUS"] = "95",
            ["EDGEAGENT_PRUNING_LOWEST_LEVEL"] = "3",
            ["EDGEAGENT_PRUNING_HIGHEST_LEVEL"] = "2",
            ["EDGEAGENT_PRUNING_PINNED_LEVEL"] = "9",
        }, "--sensors-root", board.Root);
        Assert.Equal(78, await agent.ExitAsync());
        foreach (var name in new[] { "temperature_limit_celsius 95", "lowest_level 3", "pinned_level 9" })
        {
            Assert.Contains($"pruning.{name}", agent.Log(), StringComparison.Ordinal);
        }
    }

    private static int Number(JsonElement body, string name) => body.GetProperty(name).GetInt32();

    /// <summary>Asks again and again, because the agent looks at its board only every 250 ms.</summary>
    private static async Task<Received> AskUntilAsync(Requester requester, Func<Received, bool> fits)
    {
        Received? last = null;
        await Shell.UntilAsync(TimeSpan.FromSeconds(40), "the admission follows the board", async () =>
        {
            last = await requester.AskAsync(new { prompt = "sensor disconnected?", priority = "urgent" });
            Assert.True(last.Status == 200 || last.Code == "overloaded", last.Body.ToString());
            return fits(last);
        }, () => Task.FromResult($"{last?.Body}"));
        return last!;
    }

    private static async Task AssertAnswerAsync(Requester requester, GoldenPrompt golden, int level, string cause)
    {
        var answer = await requester.AskAsync(new { messages = golden.Messages, priority = "urgent" });
        Assert.Equal((200, level, cause), (
            answer.Status, Number(answer.Body, "level"), answer.Body.GetProperty("level_cause").GetString()));
        Assert.Equal(golden.Text, answer.Text);
    }
}
