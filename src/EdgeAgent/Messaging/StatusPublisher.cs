using EdgeAgent.Hosting;
using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;

namespace EdgeAgent.Messaging;

/// <summary>Makes the retained status message: online, its Will, and the goodbye.</summary>
internal sealed class StatusPublisher(
    Topics topics, AgentIdentity identity, ModelSlot slot, PlanInForce inForce, ProtocolOptions protocol,
    AgentOptions options)
{
    /// <summary>A broker that lost power forgets Wills, so the status is renewed, and not believed for long.</summary>
    public static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Valid = RefreshInterval * 1.5;

    private int _level;

    public MqttWill Will => new()
    {
        Topic = topics.Status,
        Payload = Bodies.Write(StatusBody.Gone(AgentState.Offline, identity.Epoch, AgentIdentity.Version)),
        Retain = true,
        ContentType = ContentTypeRules.Json,
        // A connection that is made anew at once, because a batch could not be taken in, is no loss of the agent.
        Delay = TimeSpan.FromSeconds(2),
    };

    public MqttOutgoing Goodbye =>
        Message(StatusBody.Gone(AgentState.Stopped, identity.Epoch, AgentIdentity.Version));

    /// <summary>Whether the level has changed since the last <see cref="Online"/>.</summary>
    public bool IsOutdated => inForce.Plan.Level != _level;

    public MqttOutgoing Online()
    {
        _level = inForce.Plan.Level;
        var context = slot.Model?.Engine.Context ?? 0;
        return Message(new StatusBody
        {
            State = AgentState.Online,
            ValidS = (int)Valid.TotalSeconds,
            Epoch = identity.Epoch,
            Agent = AgentIdentity.Version,
            Model = slot.Name,
            Level = _level,
            Limits = new StatusLimits(protocol.PayloadMaxBytes, protocol.MaxTokensLimit, context,
                protocol.TimeoutLimitMs, options.ServingQueue, slot.Model?.HighestLevel ?? 0),
            Features = StatusBody.BuiltFeatures,
        });
    }

    private MqttOutgoing Message(StatusBody body) => new()
    {
        Topic = topics.Status,
        Payload = Bodies.Write(body),
        Retain = true,
        ContentType = ContentTypeRules.Json,
        PayloadIsText = true,
    };
}
