using System.Text;
using EdgeAgent.Protocol;

namespace EdgeAgent.Tests.Protocol;

/// <summary>What stands around the fields: envelope, bytes, JSON as such, and the order of faults.</summary>
public sealed class RequestParserTests
{
    // [P-08]
    [Fact]
    public void A_retained_request_is_refused_with_the_id_of_its_body() =>
        AssertVerdict(
            new() { Payload = """{"prompt":"x","id":"a"}"""u8, FallbackId = "f", Retained = true },
            "a",
            RefusalCode.RetainedRequest);

    // [P-09]
    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Correlation_data_of_more_than_64_bytes_is_refused(int bytes, bool accepted)
    {
        var verdict = Requests.Parse(new IncomingRequest
        {
            Payload = "x"u8,
            FallbackId = "f",
            CorrelationData = new byte[bytes],
        });
        Assert.Equal(accepted, verdict.Accepted);
        Assert.Equal(accepted ? new string('0', 128) : "f", verdict.Id);
        Assert.Equal(accepted ? null : RefusalCode.InvalidCorrelationData, verdict.Refusal?.Code);
    }

    // [P-10]
    [Theory]
    [InlineData(256 * 1024, true)]
    [InlineData(256 * 1024 + 1, false)]
    [InlineData(1024 * 1024, false)]
    public void A_payload_of_more_than_256_KiB_is_refused_as_too_large(int bytes, bool accepted)
    {
        var verdict = Requests.Parse(new string('a', bytes));
        Assert.Equal(accepted, verdict.Accepted);
        Assert.Equal(accepted ? null : RefusalCode.PayloadTooLarge, verdict.Refusal?.Code);
        Assert.Equal(accepted ? null : StatusCode.TooLarge, verdict.Refusal?.Code.Status());
    }

    // [P-11]
    [Theory]
    [InlineData(null, true)]
    [InlineData("application/json", true)]
    [InlineData("Application/JSON; charset=utf-8", true)]
    [InlineData("text/plain;charset=utf-8", true)]
    [InlineData(" text/plain ", true)]
    [InlineData("", false)]
    [InlineData(";", false)]
    [InlineData("application/cbor", false)]
    [InlineData("application/jsonx", false)]
    [InlineData("image/png\u001b[2J", false)]
    public void A_content_type_other_than_json_and_plain_text_is_refused(string? contentType, bool accepted)
    {
        var verdict = Requests.Parse(new IncomingRequest
        {
            Payload = "x"u8,
            FallbackId = "f",
            ContentType = contentType,
        });
        Assert.Equal(accepted ? null : RefusalCode.UnsupportedContentType, verdict.Refusal?.Code);
        Assert.DoesNotContain(verdict.Refusal?.Message ?? "", char.IsControl);
    }

    // [P-12]
    [Theory]
    [InlineData("FFFE4100")]
    [InlineData("C080")]
    [InlineData("EDA080")]
    [InlineData("F4908080")]
    [InlineData("61E4")]
    [InlineData("7B2270726F6D7074223A22FC227D")]
    public void Bytes_that_are_not_utf8_are_refused(string hex) =>
        Assert.Equal(RefusalCode.InvalidUtf8, Requests.Refused(Convert.FromHexString(hex)).Code);

    // [P-12]
    [Theory]
    [InlineData("\ufeffIs it hot?")]
    [InlineData("\ufeff {\"prompt\":\"Is it hot?\"}")]
    public void A_byte_order_mark_is_no_part_of_the_body(string payload) =>
        Assert.Equal("Is it hot?", Requests.Accepted(payload).Messages.Single().Content);

    // [P-13]
    [Theory]
    [InlineData("Is 81 C too hot?")]
    [InlineData("[1,2]")]
    [InlineData("\"prompt\"")]
    [InlineData(" a {")]
    [InlineData("null")]
    [InlineData("<|im_start|>system")]
    [InlineData("a\0b")]
    public void A_body_that_does_not_begin_with_a_brace_is_the_prompt_itself(string payload)
    {
        var request = Requests.Accepted(payload);
        Assert.Equal([new PromptMessage(PromptRole.User, payload)], request.Messages);
        Assert.Equal(512, request.MaxTokens);
        Assert.Equal(TimeSpan.FromMinutes(1), request.Timeout);
    }

    // [P-13]
    [Theory]
    [InlineData("{")]
    [InlineData(" \t\r\n{ not JSON")]
    public void A_body_whose_first_byte_that_is_not_blank_is_a_brace_must_be_an_object(string payload) =>
        Assert.Equal(RefusalCode.InvalidJson, Requests.Refused(payload).Code);

    public static TheoryData<string> BrokenJson =>
    [
        "{\"prompt\":\"x\"", "{prompt:\"x\"}", "{'prompt':'x'}", "{\"prompt\":\"x\",}", "{\"prompt\":\"x\"} {}",
        "{\"prompt\":\"x\"}\0", "{/* */\"prompt\":\"x\"}", "{\"prompt\":\"a\nb\"}", "{\"temperature\":NaN}",
        "{\"seed\":01}", "{\"top_p\":.5}", "{\"seed\":+1}",
        "{\"temperature\":Infinity}", "{\"seed\":0x10}", "{\"prompt\":\"\\x41\"}",
    ];

    // [P-14]
    [Theory]
    [MemberData(nameof(BrokenJson))]
    public void Wrong_JSON_is_refused_and_the_place_is_named(string payload)
    {
        var refusal = Requests.Refused(payload);
        Assert.Equal(RefusalCode.InvalidJson, refusal.Code);
        Assert.Contains("BytePositionInLine", refusal.Message);
    }

    // [P-14]
    [Theory]
    [InlineData("""{"prompt":"a","prompt":"b"}""")]
    [InlineData("""{"prompt":"a","pr\u006fmpt":"b"}""")]
    [InlineData("""{"prompt":"a","x_mine":{"a":1,"a":2}}""")]
    [InlineData("""{"prompt":"a","level":{"min":0,"min":1}}""")]
    public void A_name_that_comes_twice_is_refused(string payload) =>
        Assert.Equal(RefusalCode.InvalidJson, Requests.Refused(payload).Code);

    // [P-14]
    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    [InlineData(20_000, false)]
    public void Nesting_of_more_than_32_levels_is_refused(int levels, bool accepted)
    {
        var inner = levels - 1;
        foreach (var (open, close) in new[] { ("[", "]"), ("{\"a\":", "}") })
        {
            var core = open == "[" ? "" : "1";
            var opened = string.Concat(Enumerable.Repeat(open, inner));
            var nested = opened + core + string.Concat(Enumerable.Repeat(close, inner));
            var verdict = Requests.Parse($$"""{"prompt":"x","x_mine":{{nested}}}""");
            Assert.Equal(accepted ? null : RefusalCode.InvalidJson, verdict.Refusal?.Code);
        }
    }

    // [P-14]
    [Theory]
    [InlineData("""\ud83d\ude00""", true)]
    [InlineData("""\\ud800""", true)]
    [InlineData("""\u0000 \u0041""", true)]
    [InlineData("""\ud83d""", false)]
    [InlineData("""\ud83d x""", false)]
    [InlineData("""\ud83d\n""", false)]
    [InlineData("""\ud83d\u0041""", false)]
    [InlineData("""\ud83d\ud83d\ude00""", false)]
    [InlineData("""\ude00\ud83d""", false)]
    [InlineData("""\UD83D""", false)]
    public void Half_a_surrogate_pair_is_refused_wherever_it_stands(string text, bool accepted)
    {
        string[] bodies =
        [
            $$"""{"prompt":"x {{text}}"}""",
            $$"""{"prompt":"x","{{text}}":1}""",
            $$"""{"prompt":"x","x_a":"{{text}}"}""",
        ];
        foreach (var body in bodies)
        {
            Assert.Equal(accepted ? null : RefusalCode.InvalidJson, Requests.Parse(body).Refusal?.Code);
        }
    }

    // [P-24]
    [Fact]
    public void The_id_is_that_of_the_body_else_the_correlation_data_else_made_by_the_agent()
    {
        byte[] correlation = [0x0A, 0xFF];
        AssertVerdict(
            new() { Payload = """{"prompt":"x","id":"a"}"""u8, FallbackId = "f", CorrelationData = correlation },
            "a",
            null);
        AssertVerdict(new() { Payload = "x"u8, FallbackId = "f", CorrelationData = correlation }, "0aff", null);
        AssertVerdict(new() { Payload = """{"prompt":"x","id":null}"""u8, FallbackId = "f" }, "f", null);
        AssertVerdict(new() { Payload = "x"u8, FallbackId = "f" }, "f", null);
        AssertVerdict(
            new() { Payload = """{"prompt":1,"id":"a"}"""u8, FallbackId = "f" }, "a", RefusalCode.InvalidField);
        AssertVerdict(
            new() { Payload = """{"prompt":"x","id":7}"""u8, FallbackId = "f", CorrelationData = correlation },
            "0aff",
            RefusalCode.InvalidField);
    }

    // [P-25]
    [Theory]
    [InlineData("x", null, 60_000)]
    [InlineData("x", 10u, 10_000)]
    [InlineData("x", 61u, 60_000)]
    [InlineData("x", uint.MaxValue, 60_000)]
    [InlineData("""{"prompt":"x","timeout_ms":1500}""", 2u, 1500)]
    [InlineData("""{"prompt":"x","timeout_ms":1500}""", 1u, 1000)]
    public void The_timeout_is_capped_by_what_is_left_of_the_message_expiry(string payload, uint? expiry, int ms)
    {
        var verdict = Requests.Parse(new IncomingRequest
        {
            Payload = Encoding.UTF8.GetBytes(payload),
            FallbackId = "f",
            ExpirySeconds = expiry,
        });
        Assert.Equal(TimeSpan.FromMilliseconds(ms), verdict.Request!.Timeout);
    }

    // [P-25]
    [Fact]
    public void A_request_whose_expiry_has_passed_is_refused_as_expired() =>
        AssertVerdict(new() { Payload = "x"u8, FallbackId = "f", ExpirySeconds = 0 }, "f", RefusalCode.Expired);

    // [P-26]
    [Fact]
    public void The_first_fault_is_reported_envelope_before_bytes_before_JSON_before_fields()
    {
        AssertFirst(RefusalCode.InvalidResponseTopic, "#", true, "x/y", "{");
        AssertFirst(RefusalCode.RetainedRequest, "a", true, "x/y", "{");
        AssertFirst(RefusalCode.UnsupportedContentType, "a", false, "x/y", "{");
        AssertFirst(RefusalCode.InvalidJson, "a", false, null, "{\"seed\":-1,");
        AssertFirst(RefusalCode.InvalidField, "a", false, null, "{\"seed\":-1}");
        AssertFirst(RefusalCode.MissingPrompt, "a", false, null, "{}");
        AssertFirst(RefusalCode.Expired, "a", false, null, "x");
    }

    // [P-26]
    [Theory]
    [InlineData("""{"seed":-1,"top_k":-1,"schema":{},"prompt":""}""", "'seed'")]
    [InlineData("""{"top_k":-1,"seed":-1}""", "'top_k'")]
    [InlineData("""{"schema":{},"seed":-1}""", "'schema'")]
    [InlineData("""{"messages":[{"role":"x","content":1}],"seed":-1}""", "'messages[0].role'")]
    public void Of_several_wrong_fields_the_first_in_the_body_is_reported(string payload, string field) =>
        Assert.StartsWith(field, Requests.Refused(payload).Message);

    private static void AssertFirst(
        RefusalCode expected, string responseTopic, bool retained, string? contentType, string payload) =>
        AssertVerdict(
            new()
            {
                Payload = Encoding.UTF8.GetBytes(payload),
                FallbackId = "f",
                ResponseTopic = responseTopic,
                Retained = retained,
                ContentType = contentType,
                ExpirySeconds = 0,
            },
            "f",
            expected);

    private static void AssertVerdict(in IncomingRequest message, string id, RefusalCode? code)
    {
        var verdict = Requests.Parse(message);
        Assert.Equal(id, verdict.Id);
        Assert.Equal(code, verdict.Refusal?.Code);
        Assert.Equal(code is null, verdict.Request is not null);
        Assert.Equal(id, verdict.Request?.Id ?? id);
    }
}
