namespace EdgeAgent.Pruning;

/// <summary>The plan that holds now: one writer, read by any thread at every token without a lock.</summary>
internal sealed class PlanInForce
{
    private volatile PruningPlan _plan = PruningPlan.Free;

    public PruningPlan Plan
    {
        get => _plan;
        set => _plan = value;
    }
}
