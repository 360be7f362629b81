using EdgeAgent.Protocol;

namespace EdgeAgent.Tests.Protocol;

/// <summary>Each field of a request: what it becomes, and where its range ends.</summary>
public sealed class RequestFieldsTests
{
    [Fact]
    public void A_request_with_every_built_field_is_read_as_it_was_written()
    {
        var request = Requests.Accepted(
            """
            {"id":"7","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hot?"},
             {"role":"assistant","content":""},{"role":"user","content":"Sure?"}],
             "max_tokens":16,"temperature":0.5,"top_p":0.9,"top_k":40,"seed":9007199254740991,"stop":["\n","END"],
             "priority":"urgent","level":{"min":1,"max":3},"timeout_ms":1500,"stream":false,"json":false}
            """);
        Assert.Equal("7", request.Id);
        PromptMessage[] messages =
            [new(PromptRole.System, "Be brief."), new(PromptRole.User, "Hot?"), new(PromptRole.Assistant, ""),
                new(PromptRole.User, "Sure?")];
        Assert.Equal(messages, request.Messages);
        Assert.Equal(
            (16, 0.5f, 0.9f, 40, 9_007_199_254_740_991L),
            (request.MaxTokens, request.Temperature, request.TopP, request.TopK, request.Seed));
        Assert.Equal(["\n", "END"], request.Stop);
        Assert.Equal(
            (RequestPriority.Urgent, new LevelRange(1, 3), TimeSpan.FromMilliseconds(1500)),
            (request.Priority, request.Level, request.Timeout));
    }

    [Fact]
    public void A_request_with_a_prompt_alone_gets_the_defaults()
    {
        var request = Requests.Accepted("""{"prompt":"Is 81 C too hot?"}""");
        Assert.Equal([new PromptMessage(PromptRole.User, "Is 81 C too hot?")], request.Messages);
        Assert.Equal(
            (512, 0f, 1f, 0, null),
            (request.MaxTokens, request.Temperature, request.TopP, request.TopK, request.Seed));
        Assert.Empty(request.Stop);
        Assert.Equal(
            (RequestPriority.Normal, new LevelRange(0, 63), TimeSpan.FromSeconds(60)),
            (request.Priority, request.Level, request.Timeout));
    }

    // [P-15]
    [Theory]
    [InlineData("{}", RefusalCode.MissingPrompt)]
    [InlineData(" { } ", RefusalCode.MissingPrompt)]
    [InlineData("", RefusalCode.MissingPrompt)]
    [InlineData(" \r\n\t", RefusalCode.MissingPrompt)]
    [InlineData("""{"prompt":""}""", RefusalCode.MissingPrompt)]
    [InlineData("""{"prompt":" \n"}""", RefusalCode.MissingPrompt)]
    [InlineData("""{"prompt":null}""", RefusalCode.MissingPrompt)]
    [InlineData("""{"messages":[]}""", RefusalCode.MissingPrompt)]
    [InlineData("""{"messages":[{"role":"user","content":""}]}""", RefusalCode.MissingPrompt)]
    [InlineData("""{"prompt":"a","messages":[{"role":"user","content":"b"}]}""", RefusalCode.InvalidField)]
    [InlineData("""{"prompt":"","messages":[]}""", RefusalCode.InvalidField)]
    [InlineData("""{"prompt":["a"]}""", RefusalCode.InvalidField)]
    [InlineData("""{"prompt":1}""", RefusalCode.InvalidField)]
    internal void A_request_needs_one_of_prompt_and_messages_that_is_not_blank(string payload, RefusalCode code) =>
        Assert.Equal(code, Requests.Refused(payload).Code);

    // [P-16]
    [Theory]
    [InlineData("""{"role":"user","content":"x"}""", "'messages' is")]
    [InlineData("""["x"]""", "'messages[0]' is \"x\"")]
    [InlineData("""[{"role":"user"}]""", "'messages[0]' is")]
    [InlineData("""[{"content":"x"}]""", "'messages[0]' is")]
    [InlineData("""[{"role":"user","content":"x"},{"role":"tool","content":"x"}]""", "'messages[1].role' is \"tool\"")]
    [InlineData("""[{"role":"User","content":"x"}]""", "'messages[0].role' is \"User\"")]
    [InlineData("""[{"role":null,"content":"x"}]""", "'messages[0].role' is null")]
    [InlineData("""[{"role":"user","content":null}]""", "'messages[0].content' is null")]
    [InlineData("""[{"role":"user","content":[{"type":"text","text":"x"}]}]""", "'messages[0].content' is [")]
    public void A_message_without_a_role_of_three_and_a_content_of_text_is_refused(string messages, string message) =>
        AssertInvalid($$"""{"messages":{{messages}}}""", message);

    // [P-16]
    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void More_than_256_messages_are_refused(int count, bool accepted)
    {
        var messages = string.Join(',', Enumerable.Repeat("""{"role":"user","content":"x"}""", count));
        Assert.Equal(accepted, Requests.Parse($$"""{"messages":[{{messages}}]}""").Accepted);
    }

    public static TheoryData<string, string> Numbers => new()
    {
        { "max_tokens", "an integer from 1 to 4096" },
        { "top_k", "an integer from 0 to 1000000" },
        { "seed", "an integer from 0 to 9007199254740991" },
        { "timeout_ms", "an integer from 1 to 3600000" },
        { "temperature", "a number from 0 to 2" },
        { "top_p", "a number from 0 to 1" },
    };

    // [P-17]
    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_number_beyond_its_range_or_type_is_refused_with_its_field_value_and_range(string field, string range)
    {
        string[] values =
        [
            "-1", "-0.1", "9223372036854775808", "18446744073709551616", "1e999", "-1e999", "1e400000", "\"5\"", "true",
            "[]", "{}", "\"NaN\"", "9007199254740993", new string('9', 5000),
        ];
        foreach (var value in values)
        {
            var shown = value.Length > 40 ? value[..40] + "…" : value;
            AssertInvalid(Requests.With($"\"{field}\":{value}"), $"'{field}' is {shown}; allowed is {range}.");
        }
    }

    // [P-17]
    [Theory]
    [InlineData("max_tokens", "0", false)]
    [InlineData("max_tokens", "1", true)]
    [InlineData("max_tokens", "4096", true)]
    [InlineData("max_tokens", "4097", false)]
    [InlineData("max_tokens", "512.0", true)]
    [InlineData("max_tokens", "5.12e2", true)]
    [InlineData("max_tokens", "1.5", false)]
    [InlineData("top_k", "-0", true)]
    [InlineData("top_k", "1e-9", false)]
    [InlineData("top_k", "1000000", true)]
    [InlineData("top_k", "1000001", false)]
    [InlineData("seed", "9007199254740991", true)]
    [InlineData("seed", "9007199254740992", false)]
    [InlineData("seed", "0.5", false)]
    [InlineData("temperature", "2", true)]
    [InlineData("temperature", "2.0000001", false)]
    [InlineData("temperature", "1e-999", true)]
    [InlineData("top_p", "0", true)]
    [InlineData("top_p", "1", true)]
    [InlineData("top_p", "1.1", false)]
    [InlineData("timeout_ms", "0", false)]
    [InlineData("timeout_ms", "1", true)]
    [InlineData("timeout_ms", "3600000", true)]
    [InlineData("timeout_ms", "3600001", false)]
    public void A_number_is_accepted_up_to_both_ends_of_its_range(string field, string value, bool accepted) =>
        Assert.Equal(accepted, Requests.Parse(Requests.With($"\"{field}\":{value}")).Accepted);

    // [P-17]
    [Fact]
    public void Limits_come_from_the_options_and_bound_the_defaults_too()
    {
        var options = new ProtocolOptions { MaxTokensLimit = 100, TimeoutLimitMs = 5000 };
        Assert.Equal(100, Requests.Accepted("x", options).MaxTokens);
        Assert.Equal(TimeSpan.FromSeconds(5), Requests.Accepted("x", options).Timeout);
        Assert.Contains("from 1 to 100", Requests.Refused(Requests.With("\"max_tokens\":101"), options).Message);
        Assert.Contains("from 1 to 5000", Requests.Refused(Requests.With("\"timeout_ms\":5001"), options).Message);
    }

    // [P-18]
    [Theory]
    [InlineData("[]", null)]
    [InlineData("""["1","2","3","4","5","6","7","8"]""", null)]
    [InlineData("""["1","2","3","4","5","6","7","8","9"]""", "'stop' has 9 entries; allowed are at most 8 strings.")]
    [InlineData("\"x\"", "'stop' is \"x\"; allowed is an array of strings.")]
    [InlineData("""["a",""]""", "'stop[1]' is \"\"; allowed is a string of 1 to 64 bytes.")]
    [InlineData("[1]", "'stop[0]' is 1;")]
    [InlineData("[null]", "'stop[0]' is null;")]
    public void Stop_is_an_array_of_at_most_8_strings(string value, string? fault) => AssertField("stop", value, fault);

    // [P-18]
    [Fact]
    public void A_stop_string_has_at_most_64_bytes_and_ten_thousand_stop_strings_are_refused()
    {
        AssertField("stop", $"[\"{new string('ä', 32)}\"]", null);
        AssertField("stop", $"[\"{new string('ä', 32)}x\"]", "'stop[0]' is");
        var many = string.Join(',', Enumerable.Repeat("\"s\"", 10_000));
        AssertField("stop", $"[{many}]", "'stop' has 10000 entries");
    }

    // [P-19]
    [Theory]
    [InlineData("\"urgent\"", null)]
    [InlineData("\"normal\"", null)]
    [InlineData("\"batch\"", null)]
    [InlineData("\"URGENT\"", "'priority' is \"URGENT\"; allowed is one of \"normal\", \"urgent\", \"batch\".")]
    [InlineData("\"\"", "'priority' is \"\"")]
    [InlineData("1", "'priority' is 1")]
    public void Priority_is_one_of_three_words(string value, string? fault) => AssertField("priority", value, fault);

    // [P-20]
    [Theory]
    [InlineData("""{"min":0,"max":63}""", null)]
    [InlineData("""{"min":2,"max":2}""", null)]
    [InlineData("""{"min":2}""", null)]
    [InlineData("""{"max":null}""", null)]
    [InlineData("{}", null)]
    [InlineData("2", "'level' is 2; allowed is an object")]
    [InlineData("""{"min":3,"max":2}""", "'level' is {\"min\":3,\"max\":2}; allowed is a min that is not above the")]
    [InlineData("""{"min":-1}""", "'level.min' is -1; allowed is an integer from 0 to 63.")]
    [InlineData("""{"max":64}""", "'level.max' is 64;")]
    [InlineData("""{"max":0.5}""", "'level.max' is 0.5;")]
    public void Level_is_an_object_of_min_and_max(string value, string? fault) => AssertField("level", value, fault);

    // [P-20]
    [Fact]
    public void A_bound_of_the_level_that_is_absent_is_the_end_of_all_levels()
    {
        Assert.Equal(new LevelRange(2, 63), Requests.Accepted(Requests.With("\"level\":{\"min\":2}")).Level);
        Assert.Equal(new LevelRange(0, 1), Requests.Accepted(Requests.With("\"level\":{\"max\":1}")).Level);
    }

    // [P-21]
    [Theory]
    [InlineData("schema", "{}")]
    [InlineData("choices", "[\"a\"]")]
    [InlineData("regex", "\"a\"")]
    [InlineData("json", "true")]
    [InlineData("json", "0")]
    [InlineData("stream", "true")]
    [InlineData("stream", "\"false\"")]
    [InlineData("recipe", "\"a\"")]
    [InlineData("values", "{}")]
    [InlineData("model", "\"nano\"")]
    [InlineData("adapter", "false")]
    public void A_field_that_is_not_built_yet_is_refused_by_its_name(string field, string value)
    {
        var refusal = Requests.Refused(Requests.With($"\"{field}\":{value}"));
        Assert.Equal(RefusalCode.UnsupportedField, refusal.Code);
        Assert.StartsWith($"'{field}' ", refusal.Message);
    }

    // [P-21]
    [Theory]
    [InlineData("\"stream\":false")]
    [InlineData("\"json\":false")]
    [InlineData("\"schema\":null,\"model\":null")]
    public void A_field_that_is_not_built_yet_may_ask_for_nothing(string field)
    {
        var verdict = Requests.Parse(Requests.With(field));
        Assert.True(verdict.Accepted);
        Assert.Equal(0, verdict.Unknown.Count);
    }

    // [P-22]
    [Fact]
    public void An_unknown_field_is_ignored_and_counted_and_that_of_a_user_is_not()
    {
        var verdict = Requests.Parse(
            """
            {"Prompt":1,"n":5,"x_line":{"n":1},"x_":0,"level":{"min":0,"step":2,"x_a":1},
             "messages":[{"role":"user","content":"x","name":"plc"}],"temp\u001berature":2}
            """);
        Assert.True(verdict.Accepted);
        Assert.Equal(["Prompt", "n", "level.step", "messages[0].name", "temp?erature"], verdict.Unknown.Names);
        Assert.Equal(5, verdict.Unknown.Count);
    }

    // [P-22]
    [Fact]
    public void Of_ten_thousand_unknown_fields_all_are_counted_and_eight_are_named()
    {
        var many = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"unknown{i}\":{i}"));
        var verdict = Requests.Parse(Requests.With(many));
        Assert.True(verdict.Accepted);
        Assert.Equal((10_000, 8), (verdict.Unknown.Count, verdict.Unknown.Names.Count));
    }

    // [P-23]
    [Fact]
    public void A_built_field_that_is_null_counts_as_absent()
    {
        foreach (var field in FieldSets.Built.Except(["prompt"]))
        {
            var verdict = Requests.Parse(Requests.With($"\"{field}\":null"));
            Assert.Equivalent(Requests.Accepted("Is 81 C too hot?"), verdict.Request, strict: true);
            Assert.Equal(0, verdict.Unknown.Count);
        }
    }

    // [P-24]
    [Theory]
    [InlineData("\"a b/ä#\"", null)]
    [InlineData("\"\"", "'id' is \"\"; allowed is a string of 1 to 128 bytes.")]
    [InlineData("7", "'id' is 7;")]
    [InlineData("\"a\\nb\"", "'id' is \"a\\nb\"; allowed is a string without control characters.")]
    [InlineData("\"a\\u0000\"", "'id' is")]
    public void An_id_is_a_string_without_control_characters(string value, string? fault) =>
        AssertField("id", value, fault);

    // [P-24]
    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void An_id_has_at_most_128_bytes(int bytes, bool accepted) =>
        Assert.Equal(accepted, Requests.Parse(Requests.With($"\"id\":\"{new string('a', bytes)}\"")).Accepted);

    // [P-27]
    [Fact]
    public void A_fault_shows_a_foreign_value_short_and_without_control_characters()
    {
        var refusal = Requests.Refused(Requests.With($"\"priority\":\"\u009b2J\u202e{new string('x', 100_000)}\""));
        Assert.Equal(
            $"'priority' is \"?2J?{new string('x', 35)}…; allowed is one of \"normal\", \"urgent\", \"batch\". "
            + "Correct the value or leave the field out.",
            refusal.Message);
    }

    private static void AssertField(string field, string value, string? fault)
    {
        var payload = Requests.With($"\"{field}\":{value}");
        if (fault is null)
        {
            Requests.Accepted(payload);
            return;
        }
        AssertInvalid(payload, fault);
    }

    private static void AssertInvalid(string payload, string fault)
    {
        var refusal = Requests.Refused(payload);
        Assert.Equal(RefusalCode.InvalidField, refusal.Code);
        Assert.StartsWith(fault, refusal.Message);
        Assert.Equal(StatusCode.BadRequest, refusal.Code.Status());
    }
}
