using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;

namespace EdgeAgent.Tests.Protocol;

/// <summary>docs/PROTOCOL.md says what the code does: its examples are run, its tables compared.</summary>
public sealed partial class ProtocolPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "PROTOCOL.md"));

    private static readonly JsonSerializerOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Tag and text of each example.</summary>
    public static TheoryData<string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, string>();
            foreach (Match match in TaggedBlock().Matches(Page))
            {
                examples.Add(match.Groups["tag"].Value, match.Groups["json"].Value);
            }
            return examples;
        }
    }

    // [P-13] [P-28] [P-29] [P-31] [P-32] [P-33] [P-36] [P-37]
    [Theory]
    [MemberData(nameof(Examples))]
    public void Each_example_of_the_page_is_what_the_code_reads_and_writes(string tag, string json)
    {
        var payload = Encoding.UTF8.GetBytes(json);
        switch (tag)
        {
            case "request":
                var verdict = Requests.Parse(payload);
                Assert.True(verdict.Accepted, verdict.Refusal?.Message);
                Assert.Empty(verdict.Unknown.Names);
                break;
            case "cancel":
                Assert.NotNull(CancelParser.Parse(payload).Id);
                break;
            case "answer":
                Assert.True(Bodies.TryRead(payload, out AnswerBody? answer));
                AssertSame(json, Bodies.Write(answer));
                break;
            case "refusal":
                Assert.True(Bodies.TryRead(payload, out RefusalBody? refusal));
                AssertSame(json, Bodies.Write(refusal));
                Assert.Equal(refusal.Status, refusal.Error.Code.Status());
                break;
            case "status":
                Assert.True(Bodies.TryRead(payload, out StatusBody? status));
                AssertSame(json, Bodies.Write(status));
                Assert.Equal(StatusBody.BuiltFeatures, status.Features);
                break;
            case "telemetry":
                Assert.True(Bodies.TryRead(payload, out TelemetryBody? telemetry));
                AssertSame(json, Bodies.Write(telemetry));
                break;
            case "level event":
                Assert.True(Bodies.TryRead(payload, out LevelEventBody? level));
                AssertSame(json, Bodies.Write(level));
                Assert.Contains(level.Cause, Causes);
                break;
            case "sensor event":
                Assert.True(Bodies.TryRead(payload, out SensorEventBody? sensor));
                AssertSame(json, Bodies.Write(sensor));
                break;
            case "reading":
                Assert.Null(ReadingParser.Parse("belt", payload).Refusal);
                break;
            default:
                Assert.Equal(tag, $"refused: {Requests.Refused(payload).Code.WireName()}");
                break;
        }
    }

    private static IReadOnlyList<string> Causes { get; } =
        [.. Enum.GetNames<LevelCause>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    // [P-38]
    [Fact]
    public void The_causes_of_the_page_are_those_of_the_code() =>
        Assert.All(Causes, cause => Assert.Matches($@"(?m)^\| `{cause}` \|", Page));

    [Fact]
    public void Every_JSON_block_of_the_page_is_an_example_with_a_tag()
    {
        Assert.Equal(Regex.Count(Page, "```json"), TaggedBlock().Count(Page));
        Assert.Superset(
            new HashSet<string> { "request", "answer", "refusal", "cancel", "status", "telemetry" },
            TaggedBlock().Matches(Page).Select(match => match.Groups["tag"].Value).ToHashSet());
    }

    // [P-29]
    [Fact]
    public void The_table_of_codes_is_the_list_of_the_code()
    {
        var rows = CodeRow().Matches(Page).Select(row =>
            (row.Groups["code"].Value, row.Groups["status"].Value, row.Groups["retryable"].Value));
        var codes = Enum.GetValues<RefusalCode>().Select(code =>
            (code.WireName(), $"{(int)code.Status()}", code.DefaultRetryAfter() is null ? "no" : "yes"));
        Assert.Equal(codes, rows);
    }

    // [P-21]
    [Fact]
    public void The_page_names_every_field_that_is_built_and_every_one_that_is_not()
    {
        var built = FieldRow().Matches(Section("## A request")).Select(row => row.Groups["field"].Value);
        Assert.Equal(FieldSets.Built.Append("x_…").Order(), built.Order());
        Assert.All(FieldSets.NotBuilt, field => Assert.Contains($"`{field}`", Section("## Not built yet")));
        Assert.Empty(FieldSets.Built.Intersect(FieldSets.NotBuilt));
    }

    // [P-24]
    [Fact]
    public void The_id_that_the_page_shows_for_its_correlation_data_is_the_one_that_is_made()
    {
        var message = new IncomingRequest { Payload = "x"u8, FallbackId = "f", CorrelationData = "part-4711"u8 };
        Assert.Contains($"`part-4711` → `{Requests.Parse(message).Id}`", Page);
    }

    [Fact]
    public void The_rules_of_the_page_are_numbered_once_each_without_a_gap()
    {
        var numbers = Rule().Matches(Page).Select(rule => int.Parse(rule.Groups["number"].Value)).Order();
        Assert.Equal(Enumerable.Range(1, 40), numbers);
    }

    private static string Section(string title)
    {
        var start = Page.IndexOf(title, StringComparison.Ordinal);
        var end = Page.IndexOf("\n## ", start, StringComparison.Ordinal);
        return Page[start..(end < 0 ? Page.Length : end)];
    }

    private static void AssertSame(string json, byte[] written) =>
        Assert.Equal(JsonNode.Parse(json)!.ToJsonString(Compact), Encoding.UTF8.GetString(written));

    [GeneratedRegex("<!-- (?<tag>[a-z_: ]+) -->\n```json\n(?<json>.*?)```", RegexOptions.Singleline)]
    private static partial Regex TaggedBlock();

    [GeneratedRegex(@"^\| (?<status>\d+) \| `(?<code>\w+)` \| (?<retryable>yes|no) \|", RegexOptions.Multiline)]
    private static partial Regex CodeRow();

    [GeneratedRegex(@"^\| `(?<field>[\w…]+)` \|", RegexOptions.Multiline)]
    private static partial Regex FieldRow();

    [GeneratedRegex(@"^- \*\*\[P-(?<number>\d+)\]\*\*", RegexOptions.Multiline)]
    private static partial Regex Rule();
}
