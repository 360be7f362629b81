namespace EdgeAgent.Pruning;

/// <summary>When a board with power modes goes a mode down, and when it gets one back; before the level.</summary>
/// <remarks>
/// A mode costs speed and no quality, so it comes after the pace has lost as much as a level would be raised for, and
/// before that level. It goes by steps, and heat answers a step in minutes: the same waits and trials as for a level
/// that heat has raised (<see cref="LevelRules"/>), so that the board does not swing between two modes. It is given
/// back after the level that heat has raised.
/// </remarks>
internal static class PowerModeRules
{
    /// <param name="shortage">Share of the speed that heat and power have taken, 0 to 1.</param>
    public static GovernorState Next(
        GovernorState state, in GovernorInputs inputs, GovernorLimits limits, double shortage, double seconds)
    {
        var steps = Math.Min(state.Plan.PowerSteps, limits.LowerPowerModes);
        if (limits.LowerPowerModes == 0)
        {
            return steps == state.Plan.PowerSteps
                ? state
                : state with { Plan = state.Plan with { PowerSteps = steps } };
        }
        var next = state with { SecondsSincePowerStep = state.SecondsSincePowerStep + seconds };
        if (HeatRules.IsCritical(inputs) || shortage > limits.RaiseShortage)
        {
            next = next with { PowerCalmSeconds = 0 };
            return steps < limits.LowerPowerModes && !IsSettling(next, limits) ? Down(next, steps + 1, limits) : next;
        }
        var isCalm = steps > 0 && (!state.HeatRaised || state.Plan.Level <= limits.LowestLevel)
            && shortage < LevelRules.CalmShare * limits.RaiseShortage && !(next.HeatPressure > LevelRules.CalmPressure);
        next = next with { PowerCalmSeconds = isCalm ? next.PowerCalmSeconds + seconds : 0 };
        return next.PowerCalmSeconds >= LevelRules.HeatCalms * next.PowerRecoverySeconds
            ? Up(next, steps - 1)
            : next;
    }

    /// <summary>Whether heat is this actuator's matter still, and not yet the level's.</summary>
    public static bool ComesFirst(GovernorState state, GovernorLimits limits) =>
        limits.LowerPowerModes > 0
        && (state.Plan.PowerSteps < limits.LowerPowerModes || IsSettling(state, limits));

    private static bool IsSettling(GovernorState state, GovernorLimits limits) =>
        state.SecondsSincePowerStep < LevelRules.HeatDwells * limits.Options.Dwell.TotalSeconds;

    private static GovernorState Down(GovernorState state, int steps, GovernorLimits limits)
    {
        var failed = state.IsPowerTrial && state.SecondsSincePowerStep
            < Math.Max(LevelRules.LeastTrialSeconds, 3 * state.PowerRecoverySeconds);
        return Stepped(state, steps) with
        {
            IsPowerTrial = false,
            PowerRecoverySeconds = failed
                ? Math.Min(2 * state.PowerRecoverySeconds, LevelRules.LongestRecoverySeconds)
                : limits.Options.Recovery.TotalSeconds,
        };
    }

    private static GovernorState Up(GovernorState state, int steps) =>
        Stepped(state, steps) with { IsPowerTrial = true, PowerCalmSeconds = 0 };

    private static GovernorState Stepped(GovernorState state, int steps) =>
        state with { SecondsSincePowerStep = 0, Plan = state.Plan with { PowerSteps = steps } };
}
