using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Pruning;

/// <summary>When the level rises, one step a dwell, and when it may fall again.</summary>
/// <remarks>
/// A level falls only after a calm, and each fall is a trial: if the level has to rise again soon, the next calm must
/// last twice as long. So a load that needs a level does not make the governor swing between two.
/// </remarks>
internal static class LevelRules
{
    private const double QueueRaise = 0.4;
    private const double QueueCalm = 0.1;
    public const double CalmShare = 0.3;
    private const double LineCalm = 0.9;

    /// <summary>Pressure from which a level that costs no quality is taken, and below which it is given back.</summary>
    private const double FreeRaise = 0.5;
    public const double CalmPressure = 0.25;

    /// <summary>A board answers a level more slowly than a queue does: dwells between two steps for heat.</summary>
    public const double HeatDwells = 12;

    /// <summary>For the same reason a level that heat asked for needs so many times the calm.</summary>
    public const double HeatCalms = 3;

    public const double LongestRecoverySeconds = 3600;

    /// <summary>A heatsink takes some 20 minutes to show that a lower level was too much (decision 0006).</summary>
    public const double LeastTrialSeconds = 1800;

    /// <param name="shortage">Share of the speed that heat and power have taken, 0 to 1.</param>
    public static GovernorState Next(
        GovernorState state, in GovernorInputs inputs, GovernorLimits limits, double shortage, double seconds)
    {
        var next = state with { SecondsSinceLevel = state.SecondsSinceLevel + seconds };
        if (limits.Options.PinnedLevel is { } pin)
        {
            return At(next, pin, LevelCause.Pinned, "the operator has pinned it", limits);
        }
        if (!limits.May(GovernorMeans.Level))
        {
            return next;
        }
        next = Marked(next, inputs, limits, seconds);
        var level = next.Plan.Level;
        if (Asks(next, inputs, limits, shortage) is { } ask)
        {
            next = next with { CalmSeconds = 0 };
            var dwells = IsHeat(ask.Cause) && level > limits.LowestLevel ? HeatDwells : 1;
            var isDue = next.SecondsSinceLevel >= dwells * limits.Options.Dwell.TotalSeconds;
            return level >= ask.Highest || (!isDue && !ask.IsCritical) ? next
                : Raised(next, ask.IsCritical ? ask.Highest : level + 1, ask, limits);
        }
        var isCalm = shortage < CalmShare * limits.RaiseShortage && !(Queue(inputs, limits) > QueueCalm)
            && !(inputs.LineShare > LineCalm) && !inputs.IsLineUnknown
            && (level > limits.FreeLevel || next.HeatPressure < CalmPressure);
        next = next with { CalmSeconds = isCalm ? next.CalmSeconds + seconds : 0 };
        var calm = next.RecoverySeconds * (next.HeatRaised ? HeatCalms : 1);
        return next.CalmSeconds >= calm ? Lowered(next, limits) : next;
    }

    private static bool IsHeat(LevelCause cause) =>
        cause is LevelCause.Temperature or LevelCause.Power or LevelCause.Throttled;

    /// <summary>Wait in the queue as a share of what is too long; null where unknown.</summary>
    public static double? Queue(in GovernorInputs inputs, GovernorLimits limits) =>
        inputs.QueueSeconds / limits.Options.QueueLimit.TotalSeconds;

    /// <summary>Free memory as a share of the reserve; null where unknown.</summary>
    public static double? Memory(in GovernorInputs inputs, GovernorLimits limits) =>
        limits.Options.MemoryReserveMebibytes == 0 ? null
            : inputs.MemoryBytes / (limits.Options.MemoryReserveMebibytes * 1048576.0);

    private static Ask? Asks(GovernorState state, in GovernorInputs inputs, GovernorLimits limits, double shortage)
    {
        var highest = limits.HighestLevel;
        if (HeatRules.IsCritical(inputs))
        {
            return inputs.IsThrottled
                ? new(LevelCause.Throttled, highest, true, "the board throttles its clock")
                : new(LevelCause.Temperature, highest, true,
                    Text($"{inputs.Celsius:0.0} °C is at the limit of {inputs.LimitCelsius:0.0} °C"));
        }
        if (inputs.LineShare > 1)
        {
            return new(LevelCause.Line, highest, false,
                Text($"{inputs.Line!.Name} {inputs.Line.Value:0.##} is above its limit {inputs.Line.Limit:0.##}"));
        }
        if (Memory(inputs, limits) is < 0.5 and var memory)
        {
            return new(LevelCause.Memory, highest, false, Text($"{100 * memory:0} % of the memory reserve is free"));
        }
        if (inputs.DeadlineSlackSeconds < 0)
        {
            return new(LevelCause.Deadline, highest, false, "a deadline would be missed at this level");
        }
        if (Queue(inputs, limits) is > QueueRaise && !(inputs.QueueSeconds < state.QueueMark))
        {
            return new(LevelCause.Queue, highest, false, Text($"requests wait {inputs.QueueSeconds:0.0} s"));
        }
        if (HeatRules.IsBlind(state, inputs, limits))
        {
            var isHeat = HeatRules.IsBlindForHeat(state, inputs);
            return new(isHeat ? LevelCause.TemperatureUnknown : LevelCause.Power,
                Math.Min(limits.LowestLevel + 1, highest), false,
                isHeat ? "the temperature is unknown" : "the power is unknown, and it has a budget");
        }
        if (shortage > limits.RaiseShortage && !PowerModeRules.ComesFirst(state, limits))
        {
            var cause = HeatRules.IsPower(state, inputs, limits) ? LevelCause.Power : LevelCause.Temperature;
            return new(cause, highest, false, cause == LevelCause.Power
                ? Text($"{state.Watts:0.0} W of {limits.Options.PowerBudgetWatts:0.0} W")
                : Text($"{state.Celsius:0.0} °C, limit {inputs.LimitCelsius:0.0} °C: {100 * shortage:0} % slower"));
        }
        return state.HeatPressure > FreeRaise && state.Plan.Level < limits.FreeLevel
            ? new(LevelCause.Temperature, limits.FreeLevel, false,
                Text($"{state.Celsius:0.0} °C; this level is as accurate as the lowest"))
            : null;
    }

    private static GovernorState Marked(
        GovernorState state, in GovernorInputs inputs, GovernorLimits limits, double seconds)
    {
        var since = state.SecondsSinceMark + seconds;
        return since >= limits.Options.Dwell.TotalSeconds
            ? state with { QueueMark = inputs.QueueSeconds, SecondsSinceMark = 0 }
            : state with { SecondsSinceMark = since };
    }

    private static GovernorState Raised(GovernorState state, int level, in Ask ask, GovernorLimits limits)
    {
        var failed = state.IsTrial && state.SecondsSinceLevel < Math.Max(LeastTrialSeconds, 3 * state.RecoverySeconds);
        return At(state, level, ask.Cause, ask.Reason, limits) with
        {
            IsTrial = false,
            HeatRaised = IsHeat(ask.Cause),
            RecoverySeconds = failed
                ? Math.Min(2 * state.RecoverySeconds, LongestRecoverySeconds)
                : state.RecoverySeconds,
        };
    }

    private static GovernorState Lowered(GovernorState state, GovernorLimits limits)
    {
        if (state.Plan.Level > limits.LowestLevel)
        {
            return At(state, state.Plan.Level - 1, LevelCause.Recovered,
                Text($"calm for {state.CalmSeconds:0} s"), limits) with
            { IsTrial = true, CalmSeconds = 0 };
        }
        // A whole recovery at the lowest level: the load that made the waits long is gone.
        return state.CalmSeconds >= 3 * state.RecoverySeconds
            ? state with { RecoverySeconds = limits.Options.Recovery.TotalSeconds, IsTrial = false }
            : state;
    }

    private static GovernorState At(
        GovernorState state, int level, LevelCause cause, string reason, GovernorLimits limits) =>
        state.Plan.Level == level && state.Plan.Cause == cause ? state : state with
        {
            SecondsSinceLevel = state.Plan.Level == level ? state.SecondsSinceLevel : 0,
            Plan = state.Plan with
            {
                Level = level,
                Cause = cause,
                Reason = reason,
                OpenFrom = Math.Max(level - 1, limits.LowestLevel),
                OpenTo = Math.Min(level + 1, limits.HighestLevel),
            },
        };

    /// <summary>What asks for a higher level, up to which one, and whether it cannot wait.</summary>
    private readonly record struct Ask(LevelCause Cause, int Highest, bool IsCritical, string Reason);
}
