using System.Text.RegularExpressions;

namespace EdgeAgent.Hosting;

/// <summary>The options of the governor: what the board may do, and what may be shed for it.</summary>
internal static partial class PruningOptionTable
{
    private const int HighestLevel = 15;

    public static IReadOnlyList<AgentOption> All { get; } =
    [
        OptionKinds.Choice("pruning.profile", "balanced",
            "How speed, heat, noise and energy are weighed.",
            [.. new[] { "performance", "balanced", "quiet", "battery" }.Select(name => (name, name))],
            (options, profile) => options with { PruningProfile = profile }),
        OptionKinds.Real("pruning.temperature_limit_celsius", 30, 120, "the board's own first trip",
            "Temperature in °C never to be exceeded.",
            (options, celsius) => options with { PruningTemperatureLimitCelsius = celsius }),
        OptionKinds.Real("pruning.power_budget_watts", 0.5, 1000, "none",
            "Watts that the board may draw.",
            (options, watts) => options with { PruningPowerBudgetWatts = watts }),
        OptionKinds.Whole("pruning.memory_reserve_mebibytes", 0, 65536, 128,
            "Memory to leave free, in MiB.",
            (options, size) => options with { PruningMemoryReserveMebibytes = size }),
        OptionKinds.Whole("pruning.queue_limit_s", 1, 600, 5,
            "Seconds in the queue that are too long; the level rises before.",
            (options, seconds) => options with { PruningQueueLimitSeconds = seconds }),
        OptionKinds.Whole("pruning.dwell_s", 1, 600, 10,
            "Least seconds between two steps to a higher level.",
            (options, seconds) => options with { PruningDwellSeconds = seconds }),
        OptionKinds.Whole("pruning.recovery_s", 2, 3600, 120,
            "Seconds of calm that a lower level needs; three times as many after heat.",
            (options, seconds) => options with { PruningRecoverySeconds = seconds }),
        OptionKinds.Whole("pruning.lowest_level", 0, HighestLevel, 0,
            "The lowest level that may be used.",
            (options, level) => options with { PruningLowestLevel = level }),
        OptionKinds.Whole("pruning.highest_level", 0, HighestLevel, 0,
            "The highest level that may be used.",
            (options, level) => options with { PruningHighestLevel = level }) with { Default = "the model's last" },
        OptionKinds.Whole("pruning.pinned_level", 0, HighestLevel, 0,
            "The one level to use, whatever the board says; pace and admission still hold its limits.",
            (options, level) => options with { PruningPinnedLevel = level }) with { Default = "none" },
        OptionKinds.List("pruning.means", "names out of `pace`, `level`, `clock`, `power_mode`", "`pace,level`", 4,
            "What may shed load.",
            name => name is "pace" or "level" or "clock" or "power_mode"
                ? null
                : "names out of pace, level, clock, power_mode",
            (options, list) => options with { PruningMeans = list }),
        OptionKinds.List("pruning.classes",
            "up to 32 of `client:NAME=LEVEL`, `prompt_characters:MOST=LEVEL`, `max_tokens:MOST=LEVEL`", "empty: none",
            32,
            "Least levels of simple requests; the highest that matches holds. A request's own `level` wins.",
            text => ClassRule.IsMatch(text)
                ? null
                : "client:NAME=LEVEL, prompt_characters:MOST=LEVEL or max_tokens:MOST=LEVEL, like max_tokens:8=2",
            (options, list) => options with { PruningClasses = list }),
    ];

    [GeneratedRegex(@"^(client:[^=/+#\s]{1,64}|(prompt_characters|max_tokens):\d{1,7})=(\d|1[0-5])$",
        RegexOptions.CultureInvariant)]
    private static partial Regex ClassRule { get; }
}
