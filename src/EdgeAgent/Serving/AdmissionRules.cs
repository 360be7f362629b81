using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>Whether the plan lets a new request in; pure.</summary>
internal static class AdmissionRules
{
    /// <summary>Why not, and when to come again; null where it may come in.</summary>
    public static PromptRefusal? Refusal(PruningPlan plan, Lane lane) => plan.Admission switch
    {
        Admission.Refuse => new PromptRefusal(ServingFault.Overloaded,
            $"The board takes no new requests now: {plan.Reason}. {Again(plan)}", plan.RetryAfter),
        Admission.OnlyUrgent when lane != Lane.Urgent => new PromptRefusal(ServingFault.Overloaded,
            $"The board takes only urgent requests now: {plan.Reason}. {Again(plan)}", plan.RetryAfter),
        _ => null,
    };

    private static string Again(PruningPlan plan) =>
        $"Send it again in {Math.Ceiling(plan.RetryAfter.TotalSeconds):0} s, or to another board.";
}
