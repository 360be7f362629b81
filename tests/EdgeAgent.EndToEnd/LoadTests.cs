namespace EdgeAgent.EndToEnd;

/// <summary>Queue, deadline, cancel, duplicates and the account of every request.</summary>
[Collection(PlantTests.Name)]
public sealed class LoadTests(Plant plant) : IAsyncLifetime
{
    private Requester _requester = null!;

    public async ValueTask InitializeAsync() => _requester = await plant.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_the_others_are_answered()
    {
        var all = new List<string>();
        foreach (var number in Enumerable.Range(0, 4 * Plant.QueueLimit))
        {
            all.Add(await _requester.PublishAsync(new Publishing(Long(number, tokens: 200))));
        }

        var results = new List<Received>();
        foreach (var correlation in all)
        {
            results.Add(await _requester.AnswerAsync(correlation));
        }

        Assert.All(results, result => Assert.True(result.Status is 200 or 429));
        Assert.InRange(results.Count(result => result.Status == 200), Plant.QueueLimit, all.Count - 1);
        var refusal = results.First(result => result.Status == 429);
        Assert.Equal("queue_full", refusal.Code);
        Assert.True(refusal.Body.GetProperty("error").GetProperty("retryable").GetBoolean());
        Assert.True(refusal.Body.GetProperty("error").GetProperty("retry_after_ms").GetInt32() > 0);
    }

    [Fact]
    public async Task A_request_without_enough_time_expires()
    {
        var refusal = await _requester.AskAsync(new { prompt = "Tell me a story.", timeout_ms = 1 });

        Assert.Equal((408, "expired"), (refusal.Status, refusal.Code));
    }

    [Fact]
    public async Task A_cancelled_request_gets_499_and_the_one_before_it_its_answer()
    {
        var first = await _requester.PublishAsync(new Publishing(Long(1, tokens: 300)));
        var second = await _requester.PublishAsync(new Publishing(
            new { id = "to-cancel", prompt = "Tell me a story.", temperature = 2, max_tokens = 900 }));
        await _requester.PublishAsync(new Publishing(new { id = "to-cancel" }) { Topic = _requester.InCancel });

        Assert.Equal((499, "cancelled"), await StatusAndCodeAsync(second));
        Assert.Equal(200, (await _requester.AnswerAsync(first)).Status);
    }

    [Fact]
    public async Task A_duplicate_gets_the_stored_answer_and_runs_once()
    {
        var request = new Publishing(new { id = $"twice-{Guid.NewGuid()}", prompt = "sensor disconnected?" });
        var first = await _requester.AskAsync(request);
        var tokens = await CompletionTokensAsync();

        var second = await _requester.AskAsync(request);

        // Every number of it, timings included: it was computed once.
        Assert.Equal(first.Body.GetRawText(), second.Body.GetRawText());
        Assert.Equal(tokens, await CompletionTokensAsync());
    }

    [Fact]
    public async Task A_duplicate_of_a_running_request_gets_the_one_answer_too()
    {
        var request = new Publishing(Long(2, tokens: 300));

        var first = await _requester.PublishAsync(request);
        var second = await _requester.PublishAsync(request);

        var answer = await _requester.AnswerAsync(first);
        Assert.Equal(answer.Body.GetRawText(), (await _requester.AnswerAsync(second)).Body.GetRawText());
    }

    [Fact]
    public async Task The_same_id_with_another_body_is_refused()
    {
        var id = $"one-{Guid.NewGuid()}";
        Assert.Equal(200, (await _requester.AskAsync(new { id, prompt = "sensor disconnected?" })).Status);

        var refusal = await _requester.AskAsync(new { id, prompt = "sensor drift?" });

        Assert.Equal((409, "duplicate_id"), (refusal.Status, refusal.Code));
    }

    [Fact]
    public async Task Every_request_is_accounted_for_at_every_moment()
    {
        await _requester.AskAsync(new { prompt = "sensor disconnected?" });
        var last = await _requester.TelemetryAsync(
            "engine", $"all {_requester.Published} requests received and nothing pending",
            readings => Of(readings, "requests_received_total") == _requester.Published
                && Of(readings, "answers_pending") == 0);

        Assert.Equal(0, Of(last, "answers_dropped_total") + Of(last, "refusals_dropped_total"));
        Assert.All(_requester.AllTelemetry(), readings =>
        {
            Assert.Equal(Of(readings, "requests_received_total"), Of(readings, "requests_accepted_total")
                + Of(readings, "requests_refused_total") + Of(readings, "requests_duplicate_total")
                + Of(readings, "requests_expired_total"));
            Assert.Equal(Of(readings, "requests_accepted_total"), Of(readings, "answers_delivered_total")
                + Of(readings, "answers_dropped_total") + Of(readings, "answers_pending"));
        });
    }

    // High temperature rarely draws the stop token, so this runs for about as many tokens as it may.
    private static object Long(int number, int tokens) => new
    {
        id = $"long-{number}-{Guid.NewGuid()}",
        prompt = $"Tell me story {number}.",
        temperature = 2,
        seed = number,
        max_tokens = tokens,
    };

    private static double Of(System.Text.Json.JsonElement readings, string name) =>
        readings.GetProperty(name).GetDouble();

    private async Task<(int Status, string Code)> StatusAndCodeAsync(string correlation)
    {
        var refusal = await _requester.AnswerAsync(correlation);
        return (refusal.Status, refusal.Code);
    }

    private async Task<double> CompletionTokensAsync()
    {
        var count = _requester.AllTelemetry().Count;
        await _requester.TelemetryAsync("engine", "new telemetry", _ => _requester.AllTelemetry().Count > count + 1);
        return Of(_requester.AllTelemetry()[^1], "completion_tokens_total");
    }
}
