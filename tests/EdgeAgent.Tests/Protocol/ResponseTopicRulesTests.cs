using EdgeAgent.Protocol;

namespace EdgeAgent.Tests.Protocol;

public sealed class ResponseTopicRulesTests
{
    private const string Own = "edgeagent/v1/device/press-7/out/response";

    private static readonly string ManyLevels = string.Join('/', Enumerable.Repeat("a", 101));

    public static TheoryData<string> BadTopics =>
    [
        "", "#", "+", "line1/+/verdict", "line1/#", "line1/a+b", "line1/\0", "line1/\n", "line1/\ufffe", "line1/\udc00",
        new string('a', 1025), ManyLevels,
    ];

    // [P-04]
    [Theory]
    [MemberData(nameof(BadTopics))]
    public void A_response_topic_that_a_broker_would_punish_is_refused(string topic) => AssertRefused(topic);

    // [P-05]
    [Theory]
    [InlineData("$SYS/broker/load")]
    [InlineData("$share/g/x")]
    [InlineData("$")]
    [InlineData("edgeagent/v1")]
    [InlineData("edgeagent/v1/")]
    [InlineData("edgeagent/v1/device/press-7/in/request")]
    [InlineData("edgeagent/v1/device/press-7/out/status")]
    [InlineData("edgeagent/v1/device/press-7/out/responses")]
    [InlineData("edgeagent/v1/device/press-8/in/request")]
    [InlineData("edgeagent/v1/device/press-8/out/response")]
    [InlineData("edgeagent/v1/group/hall/in/request")]
    public void A_response_topic_of_the_broker_or_in_our_own_root_is_refused(string topic) => AssertRefused(topic);

    // [P-05]
    [Theory]
    [InlineData("line1/verdict")]
    [InlineData("edgeagent/v10/x")]
    [InlineData("edgeagent")]
    [InlineData("/")]
    [InlineData(Own)]
    [InlineData(Own + "/plc/3")]
    public void A_response_topic_elsewhere_or_under_the_devices_own_response_is_taken(string topic) =>
        Assert.Equal(new(topic, null), Choose(topic));

    // [P-06]
    [Theory]
    [InlineData("line1/verdict", true)]
    [InlineData("line1", true)]
    [InlineData("line10/verdict", false)]
    [InlineData("line2/out/a", true)]
    [InlineData("line2/in/a", false)]
    [InlineData(Own, true)]
    [InlineData("$SYS/x", false)]
    public void A_setting_narrows_response_topics_to_prefixes(string topic, bool allowed)
    {
        var options = new ProtocolOptions { ResponsePrefixes = ["line1", "line2/out/", "$SYS"] };
        Assert.Equal(allowed, Choose(topic, options).Refusal is null);
    }

    // [P-07]
    [Theory]
    [InlineData(null, Own)]
    [InlineData("plc", Own + "/plc")]
    public void A_refused_response_topic_is_answered_at_the_default_topic_of_the_client(string? client, string expected)
    {
        var message = new IncomingRequest
        {
            Payload = """{"prompt":"x","id":"a"}"""u8,
            FallbackId = Requests.FallbackId,
            Client = client,
            ResponseTopic = "edgeagent/v1/device/press-7/in/request",
        };
        var verdict = Requests.Parse(message);
        Assert.Equal(expected, verdict.ResponseTopic);
        Assert.Equal("a", verdict.Id);
        Assert.Equal(RefusalCode.InvalidResponseTopic, verdict.Refusal!.Code);
    }

    // [P-03]
    [Fact]
    public void Without_a_response_topic_the_answer_goes_to_the_default_topic_of_the_client() =>
        Assert.Equal(new(Own + "/plc", null), Choose(null, client: "plc"));

    private static void AssertRefused(string topic)
    {
        var verdict = Choose(topic);
        Assert.Equal(Own, verdict.Topic);
        Assert.Equal(RefusalCode.InvalidResponseTopic, verdict.Refusal!.Code);
        Assert.Contains("Name another one", verdict.Refusal.Message);
        Assert.DoesNotContain(verdict.Refusal.Message, char.IsControl);
    }

    private static ResponseTopicVerdict Choose(string? topic, ProtocolOptions? options = null, string? client = null) =>
        new ResponseTopicRules(Requests.Topics, options ?? new()).Choose(topic, client);
}
