using EdgeAgent.Inference;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>What a request is told of the exception that ended it; pure.</summary>
internal static class RunFaults
{
    /// <summary>When a prompt that needs more memory than there is may come again.</summary>
    private static readonly TimeSpan MemoryPatience = TimeSpan.FromSeconds(30);

    public static PromptRefusal Refusal(Exception error, PruningPlan plan) => error switch
    {
        InferenceException { Fault: InferenceFault.ContextExceeded } when plan.ContextShare < 1 => new(
            ServingFault.Overloaded,
            $"Memory is short on this board, so contexts are short too. {error.Message} Send it again later.",
            MemoryPatience),
        InferenceException { Fault: InferenceFault.ContextExceeded } => new(
            ServingFault.ContextExceeded, error.Message),
        TemplateException => new(
            ServingFault.PromptRefused, $"The model's chat template does not take these messages: {error.Message}"),
        _ => new(
            ServingFault.Failed,
            $"The model could not answer ({error.GetType().Name}); the agent's log has the details."),
    };
}
