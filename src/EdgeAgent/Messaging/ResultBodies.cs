using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;

namespace EdgeAgent.Messaging;

/// <summary>Turns requests of the wire into prompts, and what became of them into bodies of the wire.</summary>
internal static class ResultBodies
{
    /// <param name="classLevel">The least level that the operator gave to requests of this kind.</param>
    public static PromptRequest Prompt(InferenceRequest request, long seed, int classLevel = 0) => new()
    {
        Messages = request.Messages.Select(m => (RoleName(m.Role), m.Content)).ToArray(),
        MaximumTokens = request.MaxTokens,
        Stop = request.Stop,
        Temperature = request.Temperature,
        TopP = request.TopP,
        TopK = request.TopK,
        Seed = request.Seed ?? seed,
        Lane = request.Priority switch
        {
            RequestPriority.Urgent => Lane.Urgent,
            RequestPriority.Batch => Lane.Batch,
            _ => Lane.Normal,
        },
        Levels = request.Level == LevelRange.Any
            ? (classLevel, request.Level.Max)
            : (request.Level.Min, request.Level.Max),
        LevelCause = request.Level == LevelRange.Any ? LevelCause.Class : LevelCause.Request,
        Timeout = request.Timeout,
    };

    public static AnswerBody Answer(string id, string model, PromptAnswer answer) => new()
    {
        Id = id,
        Text = answer.Text,
        FinishReason = answer.IsComplete ? FinishReason.Stop : FinishReason.Length,
        Model = model,
        Level = answer.Level,
        LevelMean = answer.LevelMean,
        LevelCause = answer.LevelCause.WireName(),
        Usage = new AnswerUsage(answer.PromptTokens, answer.CompletionTokens, CachedTokens: 0),
        Timings = new AnswerTimings
        {
            QueueMs = answer.QueueTime.TotalMilliseconds,
            PromptMs = answer.PromptTime.TotalMilliseconds,
            CompletionMs = answer.CompletionTime.TotalMilliseconds,
        },
        EnergyJoules = answer.Energy?.Joules,
        EnergyAboveIdleJoules = answer.Energy?.JoulesAboveIdle,
    };

    public static Refusal Refusal(PromptRefusal refusal) => new(
        refusal.Fault switch
        {
            ServingFault.QueueFull => RefusalCode.QueueFull,
            ServingFault.Overloaded => RefusalCode.Overloaded,
            ServingFault.Expired => RefusalCode.Expired,
            ServingFault.Cancelled => RefusalCode.Cancelled,
            ServingFault.ContextExceeded => RefusalCode.ContextLengthExceeded,
            ServingFault.PromptRefused => RefusalCode.InvalidField,
            ServingFault.ShuttingDown => RefusalCode.ShuttingDown,
            _ => RefusalCode.InternalError,
        },
        refusal.Message, refusal.RetryAfter);

    /// <summary>The body of a result, as bytes to publish.</summary>
    public static byte[] Write(string id, string model, PromptResult result) => result is PromptAnswer answer
        ? Bodies.Write(Answer(id, model, answer))
        : Bodies.Write(RefusalBody.Of(id, Refusal((PromptRefusal)result)));

    private static string RoleName(PromptRole role) => role switch
    {
        PromptRole.System => "system",
        PromptRole.Assistant => "assistant",
        _ => "user",
    };
}
