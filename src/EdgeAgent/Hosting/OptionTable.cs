using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Hosting;

/// <summary>Everything that can be configured: the one place from which parsing, names, help and docs come.</summary>
internal static partial class OptionTable
{
    [GeneratedRegex(@"^[a-z0-9_]{1,48}=\d{1,2}:\d{1,4}(:low)?$", RegexOptions.CultureInvariant)]
    private static partial Regex GpioRule { get; }

    public const string VariablePrefix = "EDGEAGENT_";

    /// <summary>The file that is read where no other is named and where it exists.</summary>
    public const string DefaultFile = "/etc/edge-agent/edge-agent.json";

    public static IReadOnlyList<AgentOption> All { get; } =
    [
        OptionKinds.Path("model", "folder", "`models-lite/nano` beside the program",
            "Folder of the model package.",
            (options, path) => options with { Model = path }) with { Flag = "--model" },
        OptionKinds.Text("device", "1 to 64 of `A-Z a-z 0-9 . _ -`", "the host name",
            "Name of this device in topics.",
            MqttOptionRules.DeviceFault, (options, name) => options with { Device = name }) with { Flag = "--device" },
        OptionKinds.Path("data", "folder", "`$STATE_DIRECTORY`, else `~/.local/state/edge-agent`",
            "Folder of the agent's own state.",
            (options, path) => options with { Data = path }) with { Flag = "--data" },
        OptionKinds.Text("mqtt.url", "`mqtt://HOST[:PORT]`", "`mqtt://127.0.0.1:1883`",
            "The broker.",
            MqttOptionRules.BrokerFault,
            (options, url) => options with { MqttUrl = MqttOptionRules.Broker(url) }) with { Flag = "--mqtt" },
        OptionKinds.Text("mqtt.topic_root", "1 to 128 characters, no wildcard", $"`{AgentOptions.DefaultTopicRoot}`",
            "Topic levels in front of all topics of the agent.",
            MqttOptionRules.RootFault, (options, root) => options with { MqttTopicRoot = root }),
        OptionKinds.List("mqtt.response_topics", "up to 32 prefixes, no wildcard", "empty: all are allowed", 32,
            "Prefixes that a request's Response Topic may have.",
            MqttOptionRules.PrefixFault, (options, list) => options with { MqttResponseTopics = list }),
        OptionKinds.List("mqtt.groups", "up to 8 names of 1 to 64 of `A-Z a-z 0-9 . _ -`", "empty: none", 8,
            "Groups whose requests this device takes too, while it is neither hot nor full.",
            MqttOptionRules.DeviceFault, (options, list) => options with { MqttGroups = list }),
        OptionKinds.Whole("mqtt.keep_alive_s", 5, 3600, 30,
            "Seconds of silence before the agent pings; the broker gives it up after 1.5 times of it.",
            (options, seconds) => options with { MqttKeepAliveSeconds = seconds }),
        OptionKinds.Text("mqtt.username", "1 to 256 characters", "none",
            "User name for the broker.",
            MqttOptionRules.UserFault, (options, name) => options with { MqttUsername = name }),
        OptionKinds.Path("mqtt.password_file", "file", "none",
            "File whose first line is the broker's password; needs `mqtt.username`.",
            (options, path) => options with { MqttPasswordFile = path }),
        OptionKinds.Whole("inference.threads", 0, 256, 0,
            "Threads that compute; 0: chosen from the board.",
            (options, threads) => options with { InferenceThreads = threads }),
        OptionKinds.List("inference.providers", "`tensorrt`, `cuda`, `cpu`, each at most once", "`cpu`", 3,
            "Execution providers in order of preference; the first that works is taken.",
            name => name is "tensorrt" or "cuda" or "cpu" ? null : "names out of tensorrt, cuda, cpu",
            (options, list) => options with { InferenceProviders = list.Count > 0 ? list : ["cpu"] }),
        OptionKinds.Whole("inference.context", 0, 1048576, 0,
            "Context limit in tokens; 0: the model's own.",
            (options, tokens) => options with { InferenceContextTokens = tokens }),
        OptionKinds.Whole("inference.sequences", 1, 64, 4,
            "Requests that are computed together, at most; the board's state may ask for fewer.",
            (options, sequences) => options with { InferenceSequences = sequences }),
        OptionKinds.Whole("serving.queue", 1, 10000, 32,
            "Requests that may wait; the next one is refused with 429.",
            (options, queue) => options with { ServingQueue = queue }),
        OptionKinds.Path("sensors.root", "folder", "`/`",
            "Folder that holds the `sys/` and `proc/` of the board.",
            (options, path) => options with { SensorsRoot = path }) with { Flag = "--sensors-root" },
        OptionKinds.List("sensors.gpio", "up to 40 of `NAME=CHIP:LINE[:low]`", "empty: none", 40,
            "Digital inputs of the board.",
            text => GpioRule.IsMatch(text) ? null : "NAME=CHIP:LINE[:low], like interlock=0:17:low",
            (options, list) => options with { SensorsGpio = list }),
        .. PruningOptionTable.All,
        OptionKinds.Whole("telemetry.interval_s", 1, 3600, 10,
            "Seconds between two telemetry messages.",
            (options, seconds) => options with { TelemetryIntervalSeconds = seconds }),
        OptionKinds.Choice<LogFormat>("log.format", "auto",
            "How the log is written; auto: text, or json with `run --json`.",
            [("auto", LogFormat.Auto), ("text", LogFormat.Text), ("json", LogFormat.Json)],
            (options, format) => options with { LogFormat = format }),
        OptionKinds.Choice<LogLevel>("log.level", "info",
            "The least severe event that is logged.",
            [("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("info", LogLevel.Information),
                ("warning", LogLevel.Warning), ("error", LogLevel.Error)],
            (options, level) => options with { LogLevel = level }),
    ];

    /// <summary>The objects of the file that hold options.</summary>
    public static IReadOnlyList<string> Sections { get; } =
        [.. All.Where(option => option.Key.Contains('.')).Select(option => option.Key.Split('.')[0]).Distinct()];

    /// <summary>Every name that may stand in the file.</summary>
    public static IReadOnlyCollection<string> Keys { get; } = [.. All.Select(option => option.Key), .. Sections];

    /// <summary>Every variable that may be set.</summary>
    public static IReadOnlyCollection<string> Variables { get; } = [.. All.Select(option => option.Variable)];

    /// <summary>Keys, and sections of keys, that the design has and this version does not build yet.</summary>
    public static IReadOnlyList<string> NotBuilt { get; } = ["mqtt.tls"];

    /// <summary>Whether a key is one of <see cref="NotBuilt"/> or lies inside one.</summary>
    public static bool IsNotBuilt(string key) =>
        NotBuilt.Any(known => key == known || key.StartsWith(known + ".", StringComparison.Ordinal)
            || key.StartsWith(known + "_", StringComparison.Ordinal));

    /// <summary>What to say about a name that no option has.</summary>
    /// <param name="typed">The name as it was written, in the form that <paramref name="known"/> has.</param>
    public static string Unknown(string typed, IReadOnlyCollection<string> known)
    {
        var shown = typed.Length <= 64 ? typed : typed[..64] + "…";
        // Somebody who wrote "queue" most likely forgot its section.
        var nearest = known.FirstOrDefault(key => key.EndsWith("." + typed, StringComparison.Ordinal))
            ?? Spelling.Nearest(typed, known);
        return nearest is null
            ? $"unknown key \"{shown}\""
            : $"unknown key \"{shown}\"; did you mean \"{nearest}\"?";
    }

    /// <summary>The table for the end of <c>run --help</c>, one line per option.</summary>
    public static string HelpText()
    {
        var text = new StringBuilder();
        var width = All.Max(option => option.Key.Length);
        foreach (var option in All)
        {
            var line = $"  {option.Key.PadRight(width)}  {option.Meaning} ({option.Range}; default: {option.Default})";
            text.AppendLine(line.Replace("`", "", StringComparison.Ordinal));
        }
        return text.ToString();
    }

    /// <summary>The table of docs/OPERATIONS.md, in Markdown.</summary>
    public static string MarkdownText()
    {
        var text = new StringBuilder("| key | variable, flag | meaning | range | default |\n|---|---|---|---|---|\n");
        foreach (var option in All)
        {
            var names = option.Flag is null ? $"`{option.Variable}`" : $"`{option.Variable}`, `{option.Flag}`";
            text.Append($"| `{option.Key}` | {names} | {option.Meaning} | {option.Range} | {option.Default} |\n");
        }
        return text.ToString();
    }
}
