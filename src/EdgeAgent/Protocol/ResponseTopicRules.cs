namespace EdgeAgent.Protocol;

/// <summary>Where an answer goes, and why the topic that the request named was not taken, if it was not.</summary>
internal readonly record struct ResponseTopicVerdict(string Topic, Refusal? Refusal);

/// <summary>Decides where a request's answer may go, so that nobody makes the agent publish for them where they may
/// not publish themselves.</summary>
internal sealed class ResponseTopicRules(Topics topics, ProtocolOptions options)
{
    private readonly string _own = topics.Response();

    /// <summary>The Response Topic of the request, else the default topic with its client.</summary>
    public ResponseTopicVerdict Choose(string? responseTopic, string? client)
    {
        var fallback = topics.Response(client);
        if (responseTopic is null)
        {
            return new(fallback, null);
        }
        // [P-07] The refusal needs a topic that is certainly allowed.
        return FaultOf(responseTopic) is { } fault
            ? new(fallback, Refuse(responseTopic, fault))
            : new(responseTopic, null);
    }

    private string? FaultOf(string topic)
    {
        if (TopicRules.FaultOfTopic(topic) is { } fault)
        {
            return fault;
        }
        if (TopicRules.IsAtOrUnder(topic, _own))
        {
            return null;
        }
        // [P-05]
        if (topic[0] == '$')
        {
            return "topics that begin with '$' belong to the broker";
        }
        if (TopicRules.IsAtOrUnder(topic, topics.Root))
        {
            return $"under {topics.Root} the agent answers at {_own} only";
        }
        // [P-06]
        return options.ResponsePrefixes.Count == 0
            || options.ResponsePrefixes.Any(prefix => TopicRules.IsAtOrUnder(topic, prefix.TrimEnd('/')))
            ? null
            : "this agent's configuration does not allow answers there";
    }

    private Refusal Refuse(string topic, string fault) => new(
        RefusalCode.InvalidResponseTopic,
        $"The Response Topic '{Shown.Text(topic)}' cannot be used: {fault}. "
        + $"Name another one, or none: then the answer comes to {_own}.");
}
