namespace EdgeAgent.EndToEnd;

/// <summary>Two boards share the work of a group through the broker; a hot one leaves it to the cool one.</summary>
public sealed class GroupTests
{
    private const int Requests = 12;

    [Fact]
    public async Task A_group_shares_its_requests_and_a_hot_board_leaves_them_to_a_cool_one()
    {
        await using var work = await Workplace.CreateAsync();
        var board = new FakeBoard(work.Folder);
        board.Heat(50);
        var requester = await work.RequesterAsync();
        var settings = new Dictionary<string, string> { ["EDGEAGENT_MQTT_GROUPS"] = "hall-3" };
        var hot = await work.AgentAsync(settings, "--sensors-root", board.Root);
        var cool = await work.SecondAgentAsync(settings, "--sensors-root", "/nowhere");
        await hot.LoggedAsync("joined");
        await cool.LoggedAsync("joined");

        await AskGroupAsync(requester);
        var before = await ReceivedAsync(requester);
        Assert.InRange(before, 1, Requests - 1);

        board.Heat(84);
        await hot.LoggedAsync("left");
        await AskGroupAsync(requester);
        Assert.Equal(before, await ReceivedAsync(requester));
    }

    /// <summary>Requests that the first agent has received; it tells so every second.</summary>
    private static async Task<int> ReceivedAsync(Requester requester)
    {
        requester.Forget();
        var readings = await requester.TelemetryAsync("engine", "telemetry of the first agent", _ => true);
        return readings.GetProperty("requests_received_total").GetInt32();
    }

    private static async Task AskGroupAsync(Requester requester)
    {
        var asked = new List<string>();
        for (var i = 0; i < Requests; i++)
        {
            asked.Add(await requester.PublishAsync(new Publishing(new { id = $"{Guid.NewGuid()}", prompt = "Thanks" })
            {
                Topic = "edgeagent/v1/group/hall-3/in/request/plc",
            }));
        }
        foreach (var correlation in asked)
        {
            Assert.Equal(200, (await requester.AnswerAsync(correlation)).Status);
        }
    }
}
