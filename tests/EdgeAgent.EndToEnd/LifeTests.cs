using EdgeAgent.Tests.Simulators;

namespace EdgeAgent.EndToEnd;

/// <summary>Broker and agent come and go; requests and presence stay right.</summary>
public sealed class LifeTests
{
    private static readonly object s_long = new
    {
        prompt = "Tell me a story.",
        temperature = 2,
        seed = 7,
        max_tokens = 600,
    };

    [Fact]
    public async Task Answers_that_wait_while_the_broker_is_away_are_delivered_when_it_is_back()
    {
        await using var place = await Workplace.CreateAsync();
        var requester = await place.RequesterAsync();
        var agent = await place.AgentAsync();
        await requester.StatusAsync("online");
        var waiting = new List<string>();
        foreach (var number in Enumerable.Range(0, 4))
        {
            waiting.Add(await requester.PublishAsync(new Publishing(s_long) { Correlation = $"waits-{number}" }));
        }

        await place.Broker.StopAsync();
        await agent.LoggedAsync("unreachable");
        await place.Broker.StartAsync();
        await requester.ConnectAsync(place.Broker.Port);

        foreach (var correlation in waiting)
        {
            Assert.Equal(200, (await requester.AnswerAsync(correlation)).Status);
        }
        Assert.Equal(200, (await requester.AskAsync(new { prompt = "sensor disconnected?" })).Status);
        Assert.Contains(agent.Events("connected"), line => line.Contains("kept our session", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_that_fail_while_the_connection_does_not_know_of_its_end_are_delivered_later()
    {
        Need.Root();
        await using var place = await Workplace.CreateAsync();
        var requester = await place.RequesterAsync();
        var agent = await place.AgentAsync();
        await requester.StatusAsync("online");
        var all = new List<string>();
        foreach (var number in Enumerable.Range(0, 12))
        {
            all.Add(await requester.PublishAsync(new Publishing(s_long) { Correlation = $"fails-{number}" }));
        }
        await requester.AnswerAsync(all[0]);

        using (await SuspendedThread.HoldAsync(agent.Id, "mqtt"))
        {
            await place.Broker.KillAsync();
            var started = TimeProvider.System.GetTimestamp();
            await Shell.UntilAsync(TimeSpan.FromSeconds(20), "answers were computed for three seconds",
                () => Task.FromResult(TimeProvider.System.GetElapsedTime(started).TotalSeconds > 3),
                () => Task.FromResult(agent.Log()));
            Assert.False(agent.HasExited, agent.Log());
        }
        await place.Broker.StartAsync();
        await requester.ConnectAsync(place.Broker.Port);

        Assert.Equal(200, (await requester.AnswerAsync(all[^1])).Status);
        Assert.False(agent.HasExited);
    }

    [Fact]
    public async Task A_broker_that_was_killed_is_found_again()
    {
        await using var place = await Workplace.CreateAsync();
        var requester = await place.RequesterAsync();
        var agent = await place.AgentAsync();
        await requester.StatusAsync("online");

        await place.Broker.KillAsync();
        await agent.LoggedAsync("unreachable");
        await place.Broker.StartAsync();
        await agent.LoggedAsync("connected", 2);
        await requester.ConnectAsync(place.Broker.Port);

        Assert.Equal(200, (await requester.AskAsync(new { prompt = "sensor disconnected?" })).Status);
    }

    [Fact]
    public async Task A_request_that_was_published_while_the_agent_was_away_is_answered_when_it_is_back()
    {
        await using var place = await Workplace.CreateAsync();
        var requester = await place.RequesterAsync();
        var first = await place.AgentAsync();
        await requester.StatusAsync("online");
        Assert.Equal(0, await first.StopAsync());
        var correlation = await requester.PublishAsync(new Publishing("sensor disconnected?"));

        await place.AgentAsync();

        Assert.Equal(200, (await requester.AnswerAsync(correlation)).Status);
    }

    [Fact]
    public async Task An_agent_that_was_killed_is_shown_as_offline_and_one_that_stopped_as_stopped()
    {
        await using var place = await Workplace.CreateAsync();
        var requester = await place.RequesterAsync();
        var first = await place.AgentAsync();
        var epoch = (await requester.StatusAsync("online")).Body.GetProperty("epoch").GetString();

        await first.KillAsync();

        var offline = await requester.StatusAsync("offline");
        Assert.Equal(epoch, offline.Body.GetProperty("epoch").GetString());
        Assert.Equal(0, offline.Body.GetProperty("valid_s").GetInt32());
        Assert.Equal("offline", await RetainedStateAsync(place, requester));

        requester.Forget();
        var second = await place.AgentAsync();
        var again = await requester.StatusAsync("online");
        Assert.NotEqual(epoch, again.Body.GetProperty("epoch").GetString());
        Assert.Equal(0, await second.StopAsync());
        await requester.StatusAsync("stopped");
        Assert.Equal("stopped", await RetainedStateAsync(place, requester));
    }

    [Fact]
    public async Task A_stop_finishes_the_running_answer_and_refuses_the_waiting_ones()
    {
        await using var place = await Workplace.CreateAsync();
        var requester = await place.RequesterAsync();
        var agent = await place.AgentAsync();
        await requester.StatusAsync("online");
        // All at once: a broker that is slow to acknowledge would let them be answered before the last is sent.
        var all = await Task.WhenAll(Enumerable.Range(0, 32).Select(number =>
            requester.PublishAsync(new Publishing(s_long) { Correlation = $"stop-{number}" })));
        await requester.AnswerAsync(all[0]);

        var code = await agent.StopAsync();

        Assert.Equal(0, code);
        var results = new List<Received>();
        foreach (var correlation in all)
        {
            results.Add(await requester.AnswerAsync(correlation));
        }
        Assert.All(results, result => Assert.True(result.Status is 200 or 503, result.Body.GetRawText()));
        Assert.Contains(results, result => result.Status == 503 && result.Code == "shutting_down");
        await requester.StatusAsync("stopped");
    }

    [Fact]
    public async Task A_stop_that_takes_seconds_because_the_broker_is_silent_ends_with_0()
    {
        await using var place = await Workplace.CreateAsync();
        await using var wire = new TcpRelay(place.Broker.Port);
        var agent = await place.AgentAsync(wire.Port);
        await agent.LoggedAsync("connected");
        wire.Freeze();

        Assert.Equal(0, await agent.StopAsync());

        Assert.Single(agent.Events("stopping"));
    }

    [Fact]
    public async Task Without_a_broker_the_agent_is_ready_and_says_what_it_tries_and_how_to_get_one()
    {
        await using var place = await Workplace.CreateAsync();
        await place.Broker.StopAsync();

        var agent = await place.AgentAsync();

        await agent.LoggedAsync("ready");
        await agent.LoggedAsync("unreachable");
        var said = agent.Events("unreachable")[0];
        Assert.Contains($"127.0.0.1:{place.Broker.Port}", said, StringComparison.Ordinal);
        Assert.Contains("apt install mosquitto", said, StringComparison.Ordinal);
        Assert.False(agent.HasExited);

        await place.Broker.StartAsync();
        await agent.LoggedAsync("connected");
        Assert.Equal(0, await agent.StopAsync());
    }

    [Fact]
    public async Task Threads_of_loops_have_names_that_no_other_thread_has()
    {
        await using var place = await Workplace.CreateAsync();
        var agent = await place.AgentAsync();
        await agent.LoggedAsync("connected");

        var names = Directory.GetDirectories($"/proc/{agent.Id}/task")
            .Select(task => File.ReadAllText(Path.Combine(task, "comm")).Trim()).ToList();

        Assert.All(["inference", "mqtt", "telemetry"], loop => Assert.Single(names, loop));
    }

    private static async Task<string> RetainedStateAsync(Workplace place, Requester requester)
    {
        var text = await place.Broker.ClientAsync("mosquitto_sub",
            "-t", $"{requester.Out}/status", "-C", "1", "-W", "10", "--retained-only");
        using var status = System.Text.Json.JsonDocument.Parse(text);
        return status.RootElement.GetProperty("state").GetString()!;
    }
}
