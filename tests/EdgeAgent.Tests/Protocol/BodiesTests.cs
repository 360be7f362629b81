using System.Text;
using System.Text.Json;
using EdgeAgent.Protocol;

namespace EdgeAgent.Tests.Protocol;

public sealed class BodiesTests
{
    private static readonly AnswerBody Answer = new()
    {
        Id = "7",
        Text = "Yes: 81 °C > 80 °C & \"hot\"",
        FinishReason = FinishReason.Stop,
        Model = "nano@1.0.0",
        Level = 2,
        LevelMean = 2d / 3,
        LevelCause = "temperature",
        Usage = new(21, 9, 0),
        Timings = new() { QueueMs = 0.123, PromptMs = 41.26, CompletionMs = 100 },
    };

    public static TheoryData<string> StrangeTexts =>
    [
        "", "\ud800", "a\udc00b", "\ud83d\ude00", "\0\u0001\u001f\u007f", "\u2028\u2029\ufeff\uffff",
        "</script>\\\"\t\r\n", "<|im_start|>system", new string('ä', 5000), "\ud83d\ud83d\ude00\ude00",
    ];

    // [P-28]
    [Fact]
    public void An_answer_is_written_with_the_names_and_the_order_of_the_design() =>
        Assert.Equal(
            """
            {"id":"7","status":200,"text":"Yes: 81 °C > 80 °C & \"hot\"","finish_reason":"stop","model":"nano@1.0.0",
            "level":2,"level_mean":0.667,"level_cause":"temperature",
            "usage":{"prompt_tokens":21,"completion_tokens":9,"cached_tokens":0},
            "timings":{"queue_ms":0.1,"prompt_ms":41.3,"completion_ms":100}}
            """.Replace("\n", ""),
            Text(Bodies.Write(Answer)));

    // [P-28]
    [Theory]
    [InlineData(null, null)]
    [InlineData(1.23456, 1.235)]
    [InlineData(double.NaN, null)]
    [InlineData(double.PositiveInfinity, null)]
    public void The_energy_is_absent_where_it_was_not_measured(double? joules, double? written)
    {
        using var body = JsonDocument.Parse(Bodies.Write(
            Answer with { EnergyJoules = joules, EnergyAboveIdleJoules = joules / 2 }));
        Assert.Equal((written, written is null ? null : 0.617),
            (Read("energy_joules"), Read("energy_above_idle_joules")));

        double? Read(string name) => body.RootElement.TryGetProperty(name, out var value) ? value.GetDouble() : null;
    }

    // [P-29]
    [Fact]
    public void A_refusal_is_written_with_the_names_of_the_design()
    {
        Assert.Equal(
            """{"id":"7","status":400,"error":{"code":"invalid_json","message":"No.","retryable":false}}""",
            Text(Bodies.Write(RefusalBody.Of("7", new(RefusalCode.InvalidJson, "No.", TimeSpan.FromSeconds(1))))));
        var full = new Refusal(RefusalCode.QueueFull, "Wait.", TimeSpan.FromMilliseconds(250.2));
        Assert.Equal(
            """
            {"id":"7","status":429,
            "error":{"code":"queue_full","message":"Wait.","retryable":true,"retry_after_ms":251}}
            """.Replace("\n", ""),
            Text(Bodies.Write(RefusalBody.Of("7", full))));
    }

    // [P-29]
    [Theory]
    [InlineData("invalid_utf8", 400, false)]
    [InlineData("invalid_json", 400, false)]
    [InlineData("invalid_field", 400, false)]
    [InlineData("missing_prompt", 400, false)]
    [InlineData("unsupported_field", 400, false)]
    [InlineData("context_length_exceeded", 400, false)]
    [InlineData("invalid_response_topic", 400, false)]
    [InlineData("invalid_correlation_data", 400, false)]
    [InlineData("retained_request", 400, false)]
    [InlineData("expired", 408, true)]
    [InlineData("duplicate_id", 409, false)]
    [InlineData("payload_too_large", 413, false)]
    [InlineData("unsupported_content_type", 415, false)]
    [InlineData("queue_full", 429, true)]
    [InlineData("cancelled", 499, false)]
    [InlineData("internal_error", 500, false)]
    [InlineData("shutting_down", 503, true)]
    [InlineData("model_unavailable", 503, true)]
    public void Each_code_has_its_name_its_status_and_a_waiting_time_exactly_where_it_is_retryable(
        string name, int status, bool retryable)
    {
        var code = Enum.GetValues<RefusalCode>().Single(code => code.WireName() == name);
        var refusal = new Refusal(code, "x");
        Assert.Equal((status, retryable), ((int)code.Status(), refusal.Retryable));
        var json = Text(Bodies.Write(RefusalBody.Of("7", refusal)));
        Assert.Contains($"\"status\":{status},", json);
        Assert.Contains($"\"code\":\"{name}\"", json);
        Assert.Equal(retryable, json.Contains("retry_after_ms"));
        Assert.True(Bodies.TryRead(Encoding.UTF8.GetBytes(json), out RefusalBody? read));
        Assert.Equal(code, read.Error.Code);
    }

    // [P-29]
    [Fact]
    public void The_list_of_codes_is_closed() => Assert.Equal(19, Enum.GetValues<RefusalCode>().Length);

    // [P-29]
    [Fact]
    public void A_waiting_time_is_never_negative() =>
        Assert.Equal(TimeSpan.Zero, new Refusal(RefusalCode.QueueFull, "x", TimeSpan.FromSeconds(-1)).RetryAfter);

    // [P-30]
    [Theory]
    [MemberData(nameof(StrangeTexts))]
    public void Whatever_a_text_holds_the_body_is_valid_JSON_and_the_text_comes_back(string text)
    {
        var sound = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        Assert.True(Bodies.TryRead(Bodies.Write(Answer with { Id = text, Text = text }), out AnswerBody? answer));
        Assert.Equal((sound, sound), (answer.Id, answer.Text));
        Assert.True(Bodies.TryRead(
            Bodies.Write(RefusalBody.Of(text, new(RefusalCode.InternalError, text))), out RefusalBody? refusal));
        Assert.Equal((sound, sound), (refusal.Id, refusal.Error.Message));
    }

    // [P-31]
    [Fact]
    public void A_status_is_written_with_the_names_of_the_design_and_a_will_promises_nothing()
    {
        var online = new StatusBody
        {
            State = AgentState.Online,
            ValidS = 90,
            Epoch = "6f1c",
            Agent = "0.1.0",
            Model = "nano@1.0.0",
            Level = 0,
            Limits = new(262_144, 512, 1024, 3_600_000, 64, 3),
            Features = StatusBody.BuiltFeatures,
        };
        Assert.Equal(
            """
            {"state":"online","valid_s":90,"epoch":"6f1c","agent":"0.1.0","model":"nano@1.0.0","level":0,
            "limits":{"payload_bytes":262144,"max_tokens":512,"context_tokens":1024,"timeout_ms":3600000,
            "queue_requests":64,"level":3},"features":["cancel","event","level","priority","reading","telemetry"]}
            """.Replace("\n", ""),
            Text(Bodies.Write(online)));
        Assert.True(Bodies.TryRead(Bodies.Write(online), out StatusBody? read));
        Assert.Equivalent(online, read, strict: true);
        Assert.Equal(
            """{"state":"offline","valid_s":0,"epoch":"6f1c","agent":"0.1.0","features":[]}""",
            Text(Bodies.Write(StatusBody.Gone(AgentState.Offline, "6f1c", "0.1.0"))));
    }

    // [P-32]
    [Fact]
    public void A_reading_that_is_not_finite_is_left_out_of_telemetry()
    {
        var body = new TelemetryBody
        {
            Epoch = "6f1c",
            Seq = 3,
            Time = 1_790_000_000_000,
            TimeOk = true,
            Readings = new Dictionary<string, double>
            {
                ["queue_requests"] = 0,
                ["power_watts"] = double.NaN,
                ["tokens_per_second"] = 81.25,
                ["soc_temperature_celsius"] = double.NegativeInfinity,
            },
        };
        Assert.Equal(
            """
            {"epoch":"6f1c","seq":3,"time":1790000000000,"time_ok":true,
            "readings":{"queue_requests":0,"tokens_per_second":81.25}}
            """.Replace("\n", ""),
            Text(Bodies.Write(body)));
        Assert.True(Bodies.TryRead(Bodies.Write(body), out TelemetryBody? read));
        Assert.Equivalent(body, read, strict: true);
    }

    // [P-34]
    [Fact]
    public void A_reader_ignores_names_of_a_newer_agent()
    {
        var newer = Text(Bodies.Write(Answer)).Replace("\"level\":2", "\"level\":2,\"value\":{\"a\":[1]}");
        Assert.True(Bodies.TryRead(Encoding.UTF8.GetBytes(newer), out AnswerBody? read));
        Assert.Equal(Answer with { Timings = read.Timings }, read);
    }

    // [P-34]
    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\u0000")]
    [InlineData("""{"id":"7","status":200}""")]
    [InlineData("""{"id":null,"status":429,"error":{"code":"queue_full","message":"x","retryable":true}}""")]
    [InlineData("""{"id":"7","status":429,"error":{"code":7,"message":"x","retryable":true}}""")]
    [InlineData("""{"id":"7","status":429,"error":{"code":"no_such_code","message":"x","retryable":true}}""")]
    [InlineData("""{"id":"\ud800","status":429,"error":{"code":"queue_full","message":"x","retryable":true}}""")]
    [InlineData("""{"id":"7","id":"8","status":429,"error":{"code":"queue_full","message":"x","retryable":true}}""")]
    public void What_is_no_body_of_ours_is_not_read(string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        Assert.False(Bodies.TryRead(payload, out AnswerBody? _));
        Assert.False(Bodies.TryRead(payload, out RefusalBody? _));
        Assert.False(Bodies.TryRead(payload, out StatusBody? _));
        Assert.False(Bodies.TryRead(payload, out TelemetryBody? _));
    }

    // [P-34]
    [Theory]
    [InlineData("1e999")]
    [InlineData("\"NaN\"")]
    [InlineData("null")]
    public void An_answer_with_a_number_that_is_not_finite_is_not_read(string number)
    {
        var text = Text(Bodies.Write(Answer)).Replace("0.667", number);
        Assert.False(Bodies.TryRead(Encoding.UTF8.GetBytes(text), out AnswerBody? _));
    }

    // [P-28]
    [Fact]
    public void A_level_mean_that_is_not_finite_is_a_fault_of_the_writer() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Answer with { LevelMean = double.NaN });

    private static string Text(byte[] body) => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body);
}
