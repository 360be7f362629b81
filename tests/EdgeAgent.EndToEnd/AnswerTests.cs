using System.Text;
using System.Text.Json;

namespace EdgeAgent.EndToEnd;

/// <summary>What a device gets for a good request, over a real broker from a real agent.</summary>
[Collection(PlantTests.Name)]
public sealed class AnswerTests(Plant plant)
{
    private static readonly string[] s_stop = [" major"];

    [Fact]
    public async Task An_answer_comes_to_the_response_topic_with_its_correlation_data()
    {
        var requester = await plant.StartAsync();
        var golden = GoldenPrompt.Of("defect");

        var answer = await requester.AskAsync(new { id = "part-1", messages = golden.Messages });

        Assert.Equal(requester.Answers, answer.Topic);
        Assert.False(answer.Retain);
        Assert.Equal((200, golden.Text), (answer.Status, answer.Text));
        Assert.Equal("part-1", answer.Body.GetProperty("id").GetString());
        Assert.Equal("stop", answer.Body.GetProperty("finish_reason").GetString());
        Assert.Matches("^nano@[0-9.]+$", answer.Body.GetProperty("model").GetString());
        Assert.Equal(0, answer.Body.GetProperty("level").GetInt32());
        Assert.Equal(0, answer.Body.GetProperty("level_mean").GetDouble());
        Assert.Equal(golden.PromptTokens, answer.PromptTokens);
        Assert.Equal(golden.AnswerTokens, Number(answer, "usage", "completion_tokens"));
        Assert.Equal(0, Number(answer, "usage", "cached_tokens"));
        Assert.True(Number(answer, "timings", "queue_ms") >= 0);
        Assert.True(Number(answer, "timings", "prompt_ms") > 0);
        Assert.True(Number(answer, "timings", "completion_ms") > 0);
    }

    [Fact]
    public async Task Without_a_response_topic_the_answer_comes_to_the_devices_own()
    {
        var requester = await plant.StartAsync();

        var answer = await requester.AskAsync(new Publishing("sensor disconnected?") { ResponseTopic = "" });

        Assert.Equal($"{requester.Out}/response", answer.Topic);
    }

    [Fact]
    public async Task Without_a_response_topic_a_named_client_has_its_own_answers()
    {
        var requester = await plant.StartAsync();

        var answer = await requester.AskAsync(new Publishing("sensor disconnected?")
        {
            Topic = $"{requester.InRequest}/plc",
            ResponseTopic = "",
        });

        Assert.Equal($"{requester.Out}/response/plc", answer.Topic);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("text/plain; charset=utf-8")]
    [InlineData(null)]
    public async Task A_body_that_is_no_object_is_the_prompt(string? contentType)
    {
        var requester = await plant.StartAsync();
        var golden = GoldenPrompt.Of("fault_qa");
        var prompt = golden.Messages[0].GetProperty("content").GetString()!;

        var answer = await requester.AskAsync(new Publishing(prompt) { ContentType = contentType });

        Assert.Equal((200, golden.Text), (answer.Status, answer.Text));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 2, 1)]
    [InlineData(2, 2, 2)]
    [InlineData(3, 63, 3)]
    [InlineData(63, 63, 3)]
    public async Task A_level_of_the_request_is_kept(int min, int max, int used)
    {
        var requester = await plant.StartAsync();
        var golden = GoldenPrompt.Of("check");

        var answer = await requester.AskAsync(new { messages = golden.Messages, level = new { min, max } });

        Assert.Equal((200, golden.Text), (answer.Status, answer.Text));
        Assert.Equal(used, answer.Body.GetProperty("level").GetInt32());
        Assert.Equal(used, answer.Body.GetProperty("level_mean").GetDouble());
    }

    [Fact]
    public async Task A_sampled_answer_is_repeated_by_its_seed()
    {
        var requester = await plant.StartAsync();
        var request = new { prompt = "Tell me a story.", temperature = 1.5, seed = 4711, max_tokens = 24 };

        var first = await requester.AskAsync(request);
        var second = await requester.AskAsync(request);

        Assert.Equal(200, first.Status);
        Assert.Equal(first.Text, second.Text);
    }

    [Fact]
    public async Task An_answer_ends_before_its_stop_text_and_at_its_token_limit()
    {
        var requester = await plant.StartAsync();
        var golden = GoldenPrompt.Of("defect");

        var stopped = await requester.AskAsync(new { messages = golden.Messages, stop = s_stop });
        var cut = await requester.AskAsync(new { messages = golden.Messages, max_tokens = 3 });

        Assert.Equal(golden.Text[..golden.Text.IndexOf(" major", StringComparison.Ordinal)], stopped.Text);
        Assert.Equal("stop", stopped.Body.GetProperty("finish_reason").GetString());
        Assert.Equal("length", cut.Body.GetProperty("finish_reason").GetString());
        Assert.StartsWith(cut.Text, golden.Text, StringComparison.Ordinal);
        Assert.Equal(3, Number(cut, "usage", "completion_tokens"));
    }

    [Fact]
    public async Task A_request_without_an_id_has_that_of_its_correlation_data()
    {
        var requester = await plant.StartAsync();

        var answer = await requester.AskAsync(new Publishing("sensor disconnected?") { Correlation = "part-4711" });

        Assert.Equal(Convert.ToHexStringLower(Encoding.UTF8.GetBytes("part-4711")),
            answer.Body.GetProperty("id").GetString());
    }

    [Fact]
    public async Task The_status_is_retained_and_says_what_this_agent_can_do()
    {
        var requester = await plant.StartAsync();

        var text = await plant.Broker.ClientAsync("mosquitto_sub",
            "-t", $"{requester.Out}/status", "-C", "1", "-W", "10", "--retained-only");

        using var status = JsonDocument.Parse(text);
        Assert.Equal("online", status.RootElement.GetProperty("state").GetString());
        Assert.InRange(status.RootElement.GetProperty("valid_s").GetInt32(), 61, 600);
        var limits = status.RootElement.GetProperty("limits");
        Assert.Equal(Plant.QueueLimit, limits.GetProperty("queue_requests").GetInt32());
        Assert.Equal(1024, limits.GetProperty("context_tokens").GetInt32());
        Assert.Equal(3, limits.GetProperty("level").GetInt32());
    }

    private static double Number(Received answer, string part, string name) =>
        answer.Body.GetProperty(part).GetProperty(name).GetDouble();
}
