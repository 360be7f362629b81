namespace EdgeAgent.Pruning;

/// <summary>How much heat the board can carry: steers the worst of temperature and power below its limit.</summary>
/// <remarks>
/// A proportional-integral controller on the share of full heat. Pressure is 0 at comfort and 1 where it steers to.
/// The temperature is taken where it will be in <see cref="HorizonSeconds"/>, which is what a SoC needs to answer a
/// change of load (time constants of 10–15 s were published for Raspberry Pi 5, decision 0006), so load is shed before
/// the crossing. The integral is slower than a bare board's minutes, so the two do not swing.
/// </remarks>
internal static class HeatRules
{
    /// <summary>How far the temperature is carried on along its trend.</summary>
    public const double HorizonSeconds = 10;

    /// <summary>Never quite zero, so that what runs comes to an end.</summary>
    public const double LeastBudget = 0.02;

    /// <summary>The budget while the temperature of a board that had one is unknown.</summary>
    public const double BlindBudget = 0.5;

    /// <summary>Below this pressure the budget only grows: a board that settles there needs nothing shed.</summary>
    private const double Knee = 0.7;

    /// <summary>A pressure beyond this is a jump of the sensor; the integral does not follow it.</summary>
    private const double MostPressure = 2;

    private const double Gain = 1.5;
    /// <summary>The integral of a cool board: with it the budget is just whole.</summary>
    public const double StartIntegral = 1 - Gain * (1 - Knee);

    private const double IntegralSeconds = 120;

    /// <summary>A board that is this cool has shed its heat: what it may carry is given back quickly.</summary>
    private const double Cool = 0.3;
    private const double CoolRate = 6;

    /// <summary>K/s that a SoC can do; 0.7 was published (decision 0006), what is steeper is the sensor's.</summary>
    private const double SteepestKelvin = 2;

    private const double TrendSeconds = 4;
    private const double WattsSeconds = 5;
    private const double CriticalSeconds = 2;

    /// <summary>Closer to the limit than this, steering ends and the budget falls by itself.</summary>
    private const double CriticalKelvin = 0.5;

    public static GovernorState Next(
        GovernorState state, in GovernorInputs inputs, GovernorLimits limits, double seconds)
    {
        var next = Watched(state, inputs, limits, seconds);
        var pressure = Math.Max(Temperature(next, inputs, limits) ?? 0, Power(next, inputs, limits) ?? 0);
        var (budget, integral) = Steered(state.HeatIntegral, pressure, seconds);
        if (IsCritical(inputs))
        {
            budget = Math.Min(budget, state.HeatBudget * Math.Exp(-seconds / CriticalSeconds));
            integral = Math.Min(integral, budget);
        }
        else if (IsBlind(state, inputs, limits))
        {
            (budget, integral) = (Math.Min(budget, BlindBudget), Math.Min(integral, BlindBudget));
        }
        return next with
        {
            HeatPressure = pressure,
            HeatBudget = Math.Clamp(budget, LeastBudget, 1),
            HeatIntegral = integral,
        };
    }

    // Above, the integral stops where the budget is whole, so that the first heat is answered at once; below, it stops
    // by itself, so that a short wrong reading leaves no trace.
    private static (double Budget, double Integral) Steered(double integral, double pressure, double seconds)
    {
        var share = Gain * (1 - Math.Max(pressure, Knee));
        var rate = pressure < Cool ? CoolRate : 1;
        var grown = integral + Gain / IntegralSeconds * rate * (1 - Math.Min(pressure, MostPressure)) * seconds;
        integral = Math.Clamp(Math.Min(grown, 1 - share), LeastBudget, 1);
        return (integral + share, integral);
    }

    /// <summary>Whether the board is at its limit, or throttles already.</summary>
    public static bool IsCritical(in GovernorInputs inputs) =>
        inputs.IsThrottled || inputs.Celsius >= inputs.LimitCelsius - CriticalKelvin;

    /// <summary>Whether something that must be kept is measured on this board and unknown now.</summary>
    public static bool IsBlind(GovernorState state, in GovernorInputs inputs, GovernorLimits limits) =>
        IsBlindForHeat(state, inputs)
        || (limits.Options.PowerBudgetWatts is not null && inputs.Watts is null && state.Watts is not null);

    /// <summary>Whether the board has a thermometer that cannot be believed now.</summary>
    public static bool IsBlindForHeat(GovernorState state, in GovernorInputs inputs) =>
        inputs.Celsius is null && (inputs.HasThermometer || state.Celsius is not null);

    /// <summary>Whether power asks for more than temperature does.</summary>
    public static bool IsPower(GovernorState state, in GovernorInputs inputs, GovernorLimits limits) =>
        (Power(state, inputs, limits) ?? 0) > (Temperature(state, inputs, limits) ?? 0);

    private static double? Temperature(GovernorState state, in GovernorInputs inputs, GovernorLimits limits)
    {
        if (inputs.Celsius is not { } celsius || inputs.LimitCelsius is not { } limit)
        {
            return null;
        }
        var comfort = limit - Math.Max(limits.Options.ComfortKelvin, limits.MarginKelvin + 3);
        var expected = celsius + state.CelsiusPerSecond * HorizonSeconds;
        return Math.Max(0, (expected - comfort) / (limit - limits.MarginKelvin - comfort));
    }

    private static double? Power(GovernorState state, in GovernorInputs inputs, GovernorLimits limits) =>
        inputs.Watts is null ? null : state.Watts / (0.97 * limits.Options.PowerBudgetWatts);

    private static GovernorState Watched(
        GovernorState state, in GovernorInputs inputs, GovernorLimits limits, double seconds)
    {
        var watts = inputs.Watts is { } drawn
            ? Toward(state.Watts ?? drawn, drawn, Share(seconds, WattsSeconds))
            : state.Watts;
        if (inputs.Celsius is not { } celsius || inputs.CelsiusTakenAt == state.CelsiusTakenAt)
        {
            return state with { Watts = watts };
        }
        var since = (inputs.CelsiusTakenAt - state.CelsiusTakenAt) / (double)limits.TimestampFrequency;
        var trend = state.Celsius is { } before && since < limits.Options.ReadingAge.TotalSeconds
            ? Toward(
                state.CelsiusPerSecond, Math.Clamp((celsius - before) / since, -SteepestKelvin, SteepestKelvin),
                Share(since, TrendSeconds))
            : 0;
        return state with
        {
            Watts = watts,
            Celsius = celsius,
            CelsiusTakenAt = inputs.CelsiusTakenAt,
            CelsiusPerSecond = trend,
        };
    }

    private static double Toward(double from, double to, double share) => from + (to - from) * share;

    private static double Share(double seconds, double constant) => 1 - Math.Exp(-seconds / constant);
}
