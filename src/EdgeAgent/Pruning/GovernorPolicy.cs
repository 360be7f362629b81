using EdgeAgent.Sensors;

namespace EdgeAgent.Pruning;

/// <summary>Snapshot, limits, plan in force and time give the next plan; pure.</summary>
/// <remarks>
/// What costs no quality goes first: caches and groups, then clock and pace, which follow the heat at every look, then
/// the power mode of a board that has some; the level rises when those have taken too much speed, or when requests
/// wait. After the last level come fewer sequences, shorter contexts and refusals.
/// </remarks>
internal static class GovernorPolicy
{
    /// <summary>A gap between two looks counts as no longer than this: nothing is made up for.</summary>
    private const double LongestLookSeconds = 2;

    /// <summary>Decoding waits for memory: a Pi 5 keeps 85 % of its speed at 62 % of the clock (0006).</summary>
    private const double SpeedOfClock = 0.35;

    private const double LeaveGroups = 0.9;
    private const double JoinGroups = 0.7;

    public static GovernorState Next(SensorSnapshot snapshot, GovernorLimits limits, GovernorState state, long now)
    {
        var inputs = GovernorInputs.From(snapshot, limits, now);
        var seconds = state.At is { } before
            ? Math.Clamp((now - before) / (double)limits.TimestampFrequency, 0, LongestLookSeconds)
            : 0;
        var next = HeatRules.Next(state with { At = now }, inputs, limits, seconds);
        var (clock, pace) = Speed(next.HeatBudget, limits);
        var means = limits.May(GovernorMeans.Pace | GovernorMeans.Clock);
        var shortage = 1 - (means ? Math.Pow(clock, SpeedOfClock) * pace / limits.PaceCeiling : next.HeatBudget);
        next = PowerModeRules.Next(next, inputs, limits, shortage, seconds);
        next = LevelRules.Next(next, inputs, limits, shortage, seconds);
        var plan = Admitted(Light(next, inputs, limits), next, inputs, limits) with { ClockShare = clock, Pace = pace };
        // The same reference while nothing changed, so that a reader can compare references.
        return next with { Plan = plan == state.Plan ? state.Plan : plan };
    }

    // Heat of a clock: frequency times voltage squared; over the published clocks of a Pi 5 that is about its square.
    private static (double Clock, double Pace) Speed(double budget, GovernorLimits limits)
    {
        var clock = limits.May(GovernorMeans.Clock)
            ? Math.Clamp(Math.Sqrt(budget), limits.Options.LeastClockShare, 1)
            : 1;
        var pace = limits.May(GovernorMeans.Pace)
            ? Math.Min(limits.PaceCeiling, budget / (clock * clock))
            : 1;
        return (Math.Round(clock, 2), Math.Max(Math.Round(pace, 2), HeatRules.LeastBudget));
    }

    private static PruningPlan Light(GovernorState state, in GovernorInputs inputs, GovernorLimits limits)
    {
        var memory = LevelRules.Memory(inputs, limits) ?? double.PositiveInfinity;
        var queue = LevelRules.Queue(inputs, limits) ?? 0;
        var strain = Math.Max(state.HeatPressure ?? 0, queue);
        var isShort = memory < 1 || inputs.MemoryPressure > 0.2;
        var isBlind = HeatRules.IsBlind(state, inputs, limits);
        // One at a time, so that between two requests there is nothing left in the cache that could not be given back.
        var isTight = memory < 1.5 || inputs.MemoryPressure > 0.1;
        return state.Plan with
        {
            FreeCaches = isTight,
            InGroups = !isShort && !isBlind && strain < (state.Plan.InGroups ? LeaveGroups : JoinGroups),
            Sequences = isTight || isBlind || state.HeatBudget < 0.3 ? 1 : limits.Options.Sequences,
            ContextShare = memory < 0.5 ? 0.25 : isShort ? 0.5 : 1,
            // Short of memory, larger graphs than the one in force are closed.
            OpenFrom = isShort ? state.Plan.Level : Math.Max(state.Plan.Level - 1, limits.LowestLevel),
        };
    }

    private static PruningPlan Admitted(
        PruningPlan plan, GovernorState state, in GovernorInputs inputs, GovernorLimits limits)
    {
        var isLast = plan.Level >= limits.HighestLevel || !limits.May(GovernorMeans.Level)
            || limits.Options.PinnedLevel is not null;
        var queue = LevelRules.Queue(inputs, limits) ?? 0;
        var was = state.Plan.Admission;
        var admission =
            LevelRules.Memory(inputs, limits) < 0.25 || (isLast && queue > (was == Admission.Refuse ? 0.6 : 1))
                || (HeatRules.IsCritical(inputs) && state.HeatBudget < 0.1) ? Admission.Refuse
            : isLast && state.HeatBudget < (was == Admission.Accept ? 0.05 : 0.08) ? Admission.OnlyUrgent
            : Admission.Accept;
        var wait = Math.Clamp(inputs.QueueSeconds ?? 0, 1, 60);
        return plan with
        {
            Admission = admission,
            RetryAfter = admission == Admission.Accept ? TimeSpan.Zero
                : TimeSpan.FromSeconds(HeatRules.IsCritical(inputs) ? 30 : Math.Ceiling(wait)),
            InGroups = plan.InGroups && admission == Admission.Accept,
        };
    }
}
