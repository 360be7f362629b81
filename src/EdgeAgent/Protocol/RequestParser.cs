using System.Text;
using System.Text.Json;

namespace EdgeAgent.Protocol;

/// <summary>Turns the bytes of a request message into a verdict, whatever the bytes are.</summary>
/// <remarks>Pure: the same message gives the same verdict, and nothing but a verdict comes out. Thread-safe.</remarks>
internal sealed class RequestParser(Topics topics, ProtocolOptions options)
{
    private readonly ResponseTopicRules _responseTopics = new(topics, options);

    public RequestVerdict Parse(in IncomingRequest message)
    {
        var answerTo = _responseTopics.Choose(message.ResponseTopic, message.Client);
        // The body is read even where the envelope is wrong: its id must be in the refusal.
        var verdict = ParseBody(message, answerTo.Topic);
        // [P-26]
        var refusal = answerTo.Refusal ?? RefusalOfEnvelope(message) ?? verdict.Refusal ?? RefusalOfExpiry(message);
        return refusal is null ? WithDeadline(verdict, message) : verdict with { Request = null, Refusal = refusal };
    }

    private RequestVerdict ParseBody(in IncomingRequest message, string responseTopic)
    {
        var verdict = new RequestVerdict { Id = IdOfEnvelope(message), ResponseTopic = responseTopic };
        var refusal = JsonBody.RefusalOfBytes(message.Payload, options.PayloadMaxBytes)
            ?? ContentTypeRules.RefusalOf(message.ContentType);
        if (refusal is not null)
        {
            return verdict with { Refusal = refusal };
        }
        // [P-13]
        var text = JsonBody.WithoutMark(message.Payload);
        return JsonBody.BeginsObject(text) ? ParseObject(verdict, text) : ParseText(verdict, text);
    }

    private RequestVerdict ParseText(RequestVerdict verdict, ReadOnlySpan<byte> text)
    {
        var prompt = Encoding.UTF8.GetString(text);
        return string.IsNullOrWhiteSpace(prompt)
            ? verdict with { Refusal = RequestFields.MissingPrompt() }
            : verdict with { Request = Defaults(verdict.Id) with { Messages = [new(PromptRole.User, prompt)] } };
    }

    private RequestVerdict ParseObject(RequestVerdict verdict, ReadOnlySpan<byte> text)
    {
        if (!JsonBody.TryOpen(text, out var document, out var refusal))
        {
            return verdict with { Refusal = refusal };
        }
        using (document)
        {
            var fields = new RequestFields(options);
            var id = fields.Id(document.RootElement) ?? verdict.Id;
            var request = fields.Read(document.RootElement, Defaults(id));
            return verdict with { Id = id, Request = request, Refusal = fields.Refusal, Unknown = fields.Unknown };
        }
    }

    private InferenceRequest Defaults(string id) => new()
    {
        Id = id,
        Messages = [],
        MaxTokens = Math.Min(InferenceRequest.DefaultMaxTokens, options.MaxTokensLimit),
        Timeout = TimeSpan.FromMilliseconds(Math.Min(InferenceRequest.DefaultTimeoutMs, options.TimeoutLimitMs)),
    };

    // [P-24]
    private static string IdOfEnvelope(in IncomingRequest message) =>
        message.CorrelationData.Length is > 0 and <= ProtocolLimits.CorrelationMaxBytes
            ? Convert.ToHexStringLower(message.CorrelationData)
            : message.FallbackId;

    private static Refusal? RefusalOfEnvelope(in IncomingRequest message)
    {
        // [P-08]
        if (message.Retained)
        {
            return new(
                RefusalCode.RetainedRequest,
                "The request is a retained message, which the broker repeats at every connect. Publish it without the "
                + "retain flag, and delete the retained one with an empty retained message.");
        }
        // [P-09]
        return message.CorrelationData.Length > ProtocolLimits.CorrelationMaxBytes
            ? new(
                RefusalCode.InvalidCorrelationData,
                $"The Correlation Data has {message.CorrelationData.Length} bytes; allowed are at most "
                + $"{ProtocolLimits.CorrelationMaxBytes}. Send a shorter one, for example a UUID.")
            : null;
    }

    private static Refusal? RefusalOfExpiry(in IncomingRequest message) => message.ExpirySeconds == 0
        ? new(
            RefusalCode.Expired,
            "The Message Expiry had passed when the request arrived. Send it again with a longer expiry.")
        : null;

    private static RequestVerdict WithDeadline(RequestVerdict verdict, in IncomingRequest message)
    {
        // [P-25]
        var expiry = message.ExpirySeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
        var request = verdict.Request!;
        return request.Timeout <= expiry ? verdict : verdict with { Request = request with { Timeout = expiry } };
    }
}
