using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Serving;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Messaging;

/// <summary>Takes messages in: checks each, queues what can be answered, refuses the rest with a reason.</summary>
internal sealed partial class RequestIntake(
    Topics topics, RequestParser parser, Inbox inbox, PromptQueue queue, Outbox outbox, MessagingCounters counters,
    ModelSlot slot, PromptClasses classes, LineReadings line, AgentIdentity identity, TimeProvider time,
    ILogger<RequestIntake> logger)
{
    private long _requests;

    /// <summary>Takes a batch in; the broker is told only afterwards.</summary>
    public ValueTask Take(IReadOnlyList<MqttMessage> batch)
    {
        foreach (var message in batch)
        {
            switch (Topics.Parse(topics.Root, message.Topic))
            {
                // [P-08] It deletes a retained message, and asks for nothing.
                case { Kind: TopicKind.Request } when message.Retain && message.Payload.IsEmpty:
                    break;
                case { Kind: TopicKind.Request } topic:
                    TakeRequest(message, topic.Name);
                    break;
                case { Kind: TopicKind.Cancel }:
                    TakeCancel(message);
                    break;
                case { Kind: TopicKind.Reading, Name: { } name }:
                    line.Take(name, message.Payload.Span, message.Retain);
                    break;
                default:
                    break;
            }
        }
        return ValueTask.CompletedTask;
    }

    private void TakeRequest(MqttMessage message, string? client)
    {
        var number = Interlocked.Increment(ref _requests);
        var verdict = parser.Parse(new IncomingRequest
        {
            Payload = message.Payload.Span,
            FallbackId = $"{identity.Epoch}-{number}",
            Client = client,
            ContentType = message.ContentType,
            CorrelationData = (message.CorrelationData ?? default).Span,
            ResponseTopic = message.ResponseTopic,
            Retained = message.Retain,
            ExpirySeconds = message.MessageExpiry is { } expiry ? (uint)expiry.TotalSeconds : null,
        });
        if (verdict.Unknown.Count > 0)
        {
            counters.UnknownFields(verdict.Unknown.Count);
        }
        var addressee = new Addressee(verdict.ResponseTopic, message.CorrelationData);
        if (verdict.Accepted)
        {
            var level = classes.LeastLevel(
                client, verdict.Request.Messages.Sum(m => m.Content.Length), verdict.Request.MaxTokens);
            var prompt = ResultBodies.Prompt(verdict.Request, identity.FirstSeed + number, level);
            Accept(message, verdict.Request.Id, prompt, addressee);
        }
        else
        {
            Refuse(verdict.Id, verdict.Refusal, addressee);
        }
    }

    private void Accept(MqttMessage message, string id, PromptRequest prompt, Addressee addressee)
    {
        var (verdict, entry) = inbox.Add(message.Topic, id, message.Payload.Span, addressee,
            () => new PromptTicket(prompt, time));
        switch (verdict)
        {
            case InboxVerdict.Accepted when queue.TryAdd(entry!.Ticket) is { } refusal:
                inbox.Remove(entry);
                Refuse(id, ResultBodies.Refusal(refusal), addressee);
                break;
            case InboxVerdict.Accepted:
                counters.Accepted();
                _ = AnswerAsync(entry);
                break;
            case InboxVerdict.Joined:
                counters.Duplicate();
                break;
            case InboxVerdict.Answered:
                counters.Duplicate();
                outbox.Add(new OutgoingAnswer(addressee, entry!.Answer!, IsAnswer: false));
                break;
            case InboxVerdict.Conflict:
                Refuse(id, new Refusal(RefusalCode.DuplicateId,
                    $"Another request with the id '{id}' came on this topic a short time ago. "
                    + "Give each request an id of its own."), addressee);
                break;
            default:
                Refuse(id, new Refusal(RefusalCode.QueueFull,
                    $"{Inbox.MaximumEntries} requests are remembered already, the limit. Send it again later."),
                    addressee);
                break;
        }
    }

    private async Task AnswerAsync(InboxEntry entry)
    {
        var result = await entry.Ticket.Result.ConfigureAwait(false);
        var body = ResultBodies.Write(entry.Id, slot.Name, result);
        if (result is PromptRefusal refusal)
        {
            LogUnanswered(entry.Id, refusal.Fault, refusal.Message);
        }
        // The first addressee counts as the delivery of the request; the others asked for a copy.
        var isAnswer = true;
        foreach (var addressee in inbox.Complete(entry, body))
        {
            outbox.Add(new OutgoingAnswer(addressee, body, isAnswer));
            isAnswer = false;
        }
        if (result is PromptRefusal { Fault: ServingFault.Overloaded })
        {
            // It was told to come again: then it is new, and not given this refusal once more.
            inbox.Remove(entry);
        }
    }

    private void Refuse(string id, Refusal refusal, Addressee addressee)
    {
        if (refusal.Code == RefusalCode.Expired)
        {
            counters.Expired();
        }
        else
        {
            counters.Refused();
        }
        LogRefused(id, refusal.Code.WireName(), refusal.Message);
        outbox.Add(new OutgoingAnswer(addressee, Bodies.Write(RefusalBody.Of(id, refusal)), IsAnswer: false));
    }

    private void TakeCancel(MqttMessage message)
    {
        var verdict = CancelParser.Parse(message.Payload.Span);
        var request = Topics.RequestOfCancel(message.Topic);
        var found = verdict.Id is null || message.Retain ? 0 : inbox.Cancel(request, verdict.Id);
        LogCancel(verdict.Id, found, verdict.Refusal?.Message);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Id} refused: {Code}: {Reason}")]
    private partial void LogRefused(string id, string code, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Request {Id} not answered: {Code}: {Reason}")]
    private partial void LogUnanswered(string id, ServingFault code, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Cancel of {Id}: {Found} running or waiting. {Fault}")]
    private partial void LogCancel(string? id, int found, string? fault);
}
