using System.Text;
using EdgeAgent.Hosting;
using EdgeAgent.Protocol;

namespace EdgeAgent.Tests.Protocol;

/// <summary>Short ways to a verdict for the tests of this room.</summary>
internal static class Requests
{
    public const string FallbackId = "made-by-the-agent";

    public static Topics Topics { get; } = new(AgentOptions.DefaultTopicRoot, "press-7");

    public static RequestVerdict Parse(string payload, ProtocolOptions? options = null) =>
        Parse(new IncomingRequest { Payload = Encoding.UTF8.GetBytes(payload), FallbackId = FallbackId }, options);

    public static RequestVerdict Parse(ReadOnlySpan<byte> payload) =>
        Parse(new IncomingRequest { Payload = payload, FallbackId = FallbackId });

    public static RequestVerdict Parse(in IncomingRequest message, ProtocolOptions? options = null) =>
        new RequestParser(Topics, options ?? new()).Parse(message);

    public static InferenceRequest Accepted(string payload, ProtocolOptions? options = null)
    {
        var verdict = Parse(payload, options);
        Assert.True(verdict.Accepted, verdict.Refusal?.Message);
        return verdict.Request;
    }

    /// <summary>The refusal, which is certainly complete: a code, a message and no request beside it.</summary>
    public static Refusal Refused(in IncomingRequest message, ProtocolOptions? options = null)
    {
        var verdict = Parse(message, options);
        Assert.False(verdict.Accepted, "the request was accepted");
        Assert.Null(verdict.Request);
        Assert.InRange(verdict.Refusal.Message.Length, 40, 500);
        return verdict.Refusal;
    }

    public static Refusal Refused(string payload, ProtocolOptions? options = null) =>
        Refused(new IncomingRequest { Payload = Encoding.UTF8.GetBytes(payload), FallbackId = FallbackId }, options);

    public static Refusal Refused(ReadOnlySpan<byte> payload) =>
        Refused(new IncomingRequest { Payload = payload, FallbackId = FallbackId });

    /// <summary>A prompt with one more field, as JSON.</summary>
    public static string With(string field) => $$"""{"prompt":"Is 81 C too hot?",{{field}}}""";
}
