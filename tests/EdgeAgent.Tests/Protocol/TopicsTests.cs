using EdgeAgent.Protocol;
using AgentOptions = EdgeAgent.Hosting.AgentOptions;

namespace EdgeAgent.Tests.Protocol;

public sealed class TopicsTests
{
    // An attribute could not hold the half surrogate.
    public static TheoryData<string> BadNames =>
    [
        "", "a/b", "a+", "#", "a\0b", "line\nbreak", "\u0085", "\ud800", "\uffff", new string('a', 65),
        new string('ä', 32) + "X",
    ];

    // [P-01]
    [Theory]
    [MemberData(nameof(BadNames))]
    public void A_device_name_that_is_no_single_level_of_a_topic_is_rejected(string device)
    {
        Assert.NotNull(TopicRules.FaultOfName(device));
        var exception = Assert.Throws<ArgumentException>(() => new Topics(AgentOptions.DefaultTopicRoot, device));
        Assert.DoesNotContain(exception.Message, char.IsControl);
    }

    // [P-01]
    [Theory]
    [InlineData("p")]
    [InlineData("press-7.hall_2")]
    [InlineData("Prüfstand 3")]
    [InlineData("$odd")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234")]
    [InlineData("ääääääääääääääääääääääääääääääää")]
    public void A_device_name_of_1_to_64_bytes_is_accepted(string device) =>
        Assert.Equal($"edgeagent/v1/device/{device}/out/status",
            new Topics(AgentOptions.DefaultTopicRoot, device).Status);

    // [P-02]
    [Theory]
    [InlineData("")]
    [InlineData("/x")]
    [InlineData("x/")]
    [InlineData("a//b")]
    [InlineData("$share/g")]
    [InlineData("a/+/b")]
    [InlineData("a/#")]
    public void A_root_with_wildcards_empty_levels_or_the_brokers_sign_is_rejected(string root) =>
        Assert.Throws<ArgumentException>(() => new Topics(root, "press-7"));

    // [P-03]
    [Fact]
    public void Topics_are_built_as_the_design_names_them()
    {
        var topics = new Topics("site/a", "press-7");
        Assert.Equal("site/a/device/press-7/in/request", topics.Request());
        Assert.Equal("site/a/device/press-7/in/request/plc", topics.Request("plc"));
        Assert.Equal("site/a/device/press-7/in/cancel/plc", topics.Cancel("plc"));
        Assert.Equal("site/a/device/press-7/out/response", topics.Response());
        Assert.Equal("site/a/device/press-7/out/response/plc", topics.Response("plc"));
        Assert.Equal("site/a/device/press-7/out/status", topics.Status);
        Assert.Equal("site/a/device/press-7/out/telemetry/engine", topics.Telemetry("engine"));
        Assert.Equal("site/a/device/press-7/out/event/level", topics.Event("level"));
        Assert.Throws<ArgumentException>(() => topics.Request("a/b"));
        Assert.Throws<ArgumentException>(() => topics.Telemetry(""));
    }

    // [P-03]
    [Theory]
    [InlineData("in/request", TopicKind.Request, null)]
    [InlineData("in/request/plc", TopicKind.Request, "plc")]
    [InlineData("in/request/", TopicKind.Request, null)]
    [InlineData("in/cancel", TopicKind.Cancel, null)]
    [InlineData("in/cancel/plc", TopicKind.Cancel, "plc")]
    [InlineData("out/response/plc", TopicKind.Response, "plc")]
    [InlineData("out/status", TopicKind.Status, null)]
    [InlineData("out/telemetry/board", TopicKind.Telemetry, "board")]
    [InlineData("out/event/level", TopicKind.Event, "level")]
    internal void A_topic_of_the_wire_is_taken_apart(string tail, TopicKind kind, string? name) =>
        Assert.Equal(
            new DeviceTopic("press-7", kind, name),
            Topics.Parse(AgentOptions.DefaultTopicRoot, $"edgeagent/v1/device/press-7/{tail}"));

    // [P-03]
    [Theory]
    [InlineData("")]
    [InlineData("edgeagent/v1")]
    [InlineData("edgeagent/v1/device/press-7")]
    [InlineData("edgeagent/v1/device/press-7/in")]
    [InlineData("edgeagent/v1/device//in/request")]
    [InlineData("edgeagent/v1/device/press-7/in/request/a/b")]
    [InlineData("edgeagent/v1/device/press-7/in/order")]
    [InlineData("edgeagent/v1/device/press-7/out/request")]
    [InlineData("edgeagent/v1/device/press-7/out/status/x")]
    [InlineData("edgeagent/v1/device/press-7/out/telemetry")]
    [InlineData("edgeagent/v10/device/press-7/in/request")]
    [InlineData("edgeagent/v1/group/hall/in/reading/belt")]
    [InlineData("edgeagent/v1/group/hall/out/status")]
    [InlineData("edgeagent/v1/group//in/request")]
    public void A_topic_that_is_none_of_ours_is_not_taken_apart(string topic) =>
        Assert.Null(Topics.Parse(AgentOptions.DefaultTopicRoot, topic));

    // [P-40]
    [Theory]
    [InlineData("in/request", TopicKind.Request, null)]
    [InlineData("in/request/plc", TopicKind.Request, "plc")]
    [InlineData("in/cancel/plc", TopicKind.Cancel, "plc")]
    internal void A_topic_of_a_group_is_taken_apart(string tail, TopicKind kind, string? name) =>
        Assert.Equal(
            new DeviceTopic("hall-3", kind, name, IsGroup: true),
            Topics.Parse(AgentOptions.DefaultTopicRoot, $"edgeagent/v1/group/hall-3/{tail}"));

    // [P-40]
    [Fact]
    public void Requests_of_a_group_are_shared_and_its_cancels_go_to_every_member()
    {
        var topics = new Topics("site/a", "press-7");
        Assert.Equal(
            ["$share/hall-3/site/a/group/hall-3/in/request", "$share/hall-3/site/a/group/hall-3/in/request/+"],
            topics.GroupFilters("hall-3"));
        Assert.Equal(
            ["site/a/group/hall-3/in/cancel", "site/a/group/hall-3/in/cancel/+"], topics.GroupCancelFilters("hall-3"));
        Assert.Throws<ArgumentException>(() => topics.GroupFilters("a/b"));
        Assert.Equal("site/a/group/hall-3/in/request/plc",
            Topics.RequestOfCancel("site/a/group/hall-3/in/cancel/plc"));
        Assert.Equal("site/a/device/press-7/in/request", Topics.RequestOfCancel("site/a/device/press-7/in/cancel"));
    }

    // [P-03]
    [Theory]
    [InlineData("a\u0001")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234567890")]
    public void A_client_that_cannot_be_published_to_gets_its_answer_without_its_name(string client) =>
        Assert.Equal("edgeagent/v1/device/press-7/out/response", Requests.Topics.Response(client));
}
