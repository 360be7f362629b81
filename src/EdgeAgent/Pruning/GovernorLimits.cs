using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Pruning;

/// <summary>Limits that contradict each other or leave their range; the message names all of them.</summary>
/// <param name="faults">Each begins with an option's name within its section of the configuration.</param>
internal sealed class GovernorLimitsException(IReadOnlyList<string> faults)
    : Exception("wrong configuration, limits that cannot hold together:\n  pruning."
        + string.Join("\n  pruning.", faults))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}

/// <summary>The operator's options, checked against each other, the model and the board; immutable.</summary>
internal sealed record GovernorLimits
{
    /// <summary>An accuracy this little below is the same: half of one task in 500.</summary>
    private const double SameAccuracy = 0.001;

    private GovernorLimits(GovernorOptions options, IReadOnlyList<double?> accuracies, long timestampFrequency)
    {
        (Options, TimestampFrequency) = (options, timestampFrequency);
        var battery = options.Profile == GovernorProfile.Battery;
        HighestLevel = Math.Min(options.HighestLevel ?? int.MaxValue, accuracies.Count - 1);
        LowestLevel = Math.Min(Math.Max(options.LowestLevel, battery ? 1 : 0), HighestLevel);
        MarginKelvin = options.Profile switch
        {
            GovernorProfile.Performance => options.MarginKelvin / 2,
            GovernorProfile.Quiet => options.MarginKelvin + 10,
            _ => options.MarginKelvin,
        };
        PaceCeiling = options.Profile switch
        {
            GovernorProfile.Quiet => 0.7,
            GovernorProfile.Battery => 0.5,
            _ => 1,
        };
        RaiseShortage = options.Profile == GovernorProfile.Performance ? 0.5 : 0.25;
        FreeLevel = LowestLevel;
        while (FreeLevel < HighestLevel && accuracies[FreeLevel + 1] >= accuracies[LowestLevel] - SameAccuracy)
        {
            FreeLevel++;
        }
    }

    public GovernorOptions Options { get; }

    public int LowestLevel { get; }

    public int HighestLevel { get; }

    /// <summary>The highest level that is as accurate, as measured, as the lowest one: it costs no quality.</summary>
    public int FreeLevel { get; }

    public double MarginKelvin { get; }

    /// <summary>The pace of an unstrained board.</summary>
    public double PaceCeiling { get; }

    /// <summary>Power modes that only take clocks back, below the one that the board was found in.</summary>
    public int LowerPowerModes { get; init; }

    /// <summary>Share of the speed that heat must have taken before the level rises.</summary>
    public double RaiseShortage { get; }

    /// <summary>Ticks per second of the timestamps that readings carry.</summary>
    public long TimestampFrequency { get; }

    public bool May(GovernorMeans means) => (Options.Means & means) != 0;

    /// <summary>Checks everything, then makes the limits.</summary>
    /// <param name="accuracies">Measured accuracy of each of the model's levels, 0 first; null where unknown.</param>
    /// <param name="boardTripCelsius">Where the board's own throttling starts, where known.</param>
    /// <exception cref="GovernorLimitsException">Anything contradicts; all of it is named.</exception>
    public static GovernorLimits From(
        GovernorOptions options, IReadOnlyList<double?> accuracies, TimeProvider time, double? boardTripCelsius = null)
    {
        var faults = Ranges(options).Concat(Contradictions(options, accuracies.Count, boardTripCelsius)).ToList();
        return faults.Count == 0
            ? new GovernorLimits(options, accuracies, time.TimestampFrequency)
            : throw new GovernorLimitsException(faults);
    }

    private static IEnumerable<string> Ranges(GovernorOptions options)
    {
        foreach (var property in typeof(GovernorOptions).GetProperties())
        {
            if (property.GetCustomAttribute<RangeAttribute>() is { } range
                && property.GetValue(options) is { } value && !range.IsValid(value))
            {
                yield return Text($"{Key(property.Name)} {value} must lie from {range.Minimum} to {range.Maximum}");
            }
        }
        foreach (var (name, value, min, max) in new[]
        {
            ("queue_limit_s", options.QueueLimit, 0.1, 600),
            ("interval", options.Interval, 0.05, 2),
            ("reading_age", options.ReadingAge, 0.5, 60),
            ("dwell_s", options.Dwell, 1, 600),
            ("recovery_s", options.Recovery, 2.0, 3600),
        })
        {
            if (!(value.TotalSeconds >= min && value.TotalSeconds <= max))
            {
                yield return Text($"{name} {value.TotalSeconds} s must lie from {min} to {max} s");
            }
        }
    }

    private static IEnumerable<string> Contradictions(GovernorOptions o, int levels, double? trip)
    {
        if (o.TemperatureLimitCelsius > trip)
        {
            yield return Text($"temperature_limit_celsius {o.TemperatureLimitCelsius} lies above {trip} °C, where ")
                + "the board throttles by itself";
        }
        if (o.MarginKelvin >= o.ComfortKelvin)
        {
            yield return Text($"margin_kelvin {o.MarginKelvin} must be less than comfort_kelvin {o.ComfortKelvin}");
        }
        if (o.LowestLevel > (o.HighestLevel ?? levels - 1))
        {
            yield return Text($"lowest_level {o.LowestLevel} lies above the highest, {o.HighestLevel ?? levels - 1}");
        }
        if (o.HighestLevel >= levels)
        {
            yield return Text($"highest_level {o.HighestLevel}: the model's levels are 0 to {levels - 1}");
        }
        if (o.PinnedLevel is { } pin && (pin < o.LowestLevel || pin > (o.HighestLevel ?? levels - 1)))
        {
            yield return Text($"pinned_level {pin} lies outside {o.LowestLevel} to {o.HighestLevel ?? levels - 1}");
        }
        if (o.PinnedLevel is not null && o.Means == GovernorMeans.Level)
        {
            yield return "pinned_level takes the level away, and means has nothing else to protect the board with";
        }
        if (o.Interval * 2 > o.ReadingAge)
        {
            yield return "reading_age must be at least twice the interval, or every reading would be too old";
        }
        if (o.Interval > o.Dwell)
        {
            yield return "dwell_s must not be shorter than the interval";
        }
        if (o.Recovery < o.Dwell)
        {
            yield return "recovery_s must not be shorter than dwell_s, or levels would swing";
        }
        if (o.Means.HasFlag(GovernorMeans.Clock | GovernorMeans.PowerMode))
        {
            yield return "means has clock and power_mode, which both set the processors' highest clock: name one";
        }
        if (o.Means == GovernorMeans.None)
        {
            yield return "means names nothing that the governor may use";
        }
    }

    /// <summary>The property as the configuration calls it.</summary>
    private static string Key(string property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property);
}
