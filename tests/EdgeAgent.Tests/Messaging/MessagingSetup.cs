using System.Text;
using EdgeAgent.Hosting;
using EdgeAgent.Messaging;
using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Messaging;

/// <summary>
/// The agent's end of MQTT without a broker and without a model: what comes in, and what would go out.
/// </summary>
internal sealed class MessagingSetup
{
    public static Topics Topics { get; } = new(AgentOptions.DefaultTopicRoot, "press-7");

    public MessagingSetup(int queue = 8, AgentOptions? options = null)
    {
        Options = options ?? new AgentOptions { Device = "press-7", Data = "/nowhere" };
        Queue = new PromptQueue(queue, Plan);
        Pushed = new PushedReadings(Clock);
        Line = new LineReadings(Pushed, NullLogger<LineReadings>.Instance);
        Inbox = new Inbox(Clock);
        Outbox = new Outbox(Counters, Clock, NullLogger<Outbox>.Instance);
        Intake = new RequestIntake(Topics, new RequestParser(Topics, new ProtocolOptions()), Inbox, Queue, Outbox,
            Counters, new ModelSlot(), new PromptClasses(Options), Line, Identity, Clock,
            NullLogger<RequestIntake>.Instance);
    }

    public ManualClock Clock { get; } = new();

    /// <summary>What the configuration of a test would be.</summary>
    public AgentOptions Options { get; }

    public PlanInForce Plan { get; } = new();

    public PushedReadings Pushed { get; }

    public LineReadings Line { get; }

    public AgentIdentity Identity { get; } = new();

    public MessagingCounters Counters { get; } = new();

    public PromptQueue Queue { get; }

    public Inbox Inbox { get; }

    public Outbox Outbox { get; }

    public RequestIntake Intake { get; }

    public void Receive(string payload, string? correlation = null, bool retain = false) => Take(
        new MqttMessage
        {
            Topic = Topics.Request(null),
            Payload = Encoding.UTF8.GetBytes(payload),
            CorrelationData = correlation is null ? null : Encoding.UTF8.GetBytes(correlation),
            Retain = retain,
        });

    public void Cancel(string id) => Take(
        new MqttMessage { Topic = Topics.Cancel(null), Payload = Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}""") });

    public Dictionary<string, double> Readings()
    {
        var readings = new Dictionary<string, double>();
        Counters.AddTo(readings);
        return readings;
    }

    private void Take(MqttMessage message) => Assert.True(Intake.Take([message]).AsTask().IsCompletedSuccessfully);

    /// <summary>The two sums that hold at every moment, and what was received so far.</summary>
    public double AssertNothingLost()
    {
        var r = Readings();
        Assert.Equal(r["requests_received_total"], r["requests_accepted_total"] + r["requests_refused_total"]
            + r["requests_duplicate_total"] + r["requests_expired_total"]);
        Assert.Equal(r["requests_accepted_total"],
            r["answers_delivered_total"] + r["answers_dropped_total"] + r["answers_pending"]);
        return r["requests_received_total"];
    }
}
