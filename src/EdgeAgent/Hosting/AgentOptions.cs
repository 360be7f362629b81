using Microsoft.Extensions.Logging;

namespace EdgeAgent.Hosting;

/// <summary>How the log is written.</summary>
internal enum LogFormat
{
    /// <summary>JSON where <c>run --json</c> asks for it, else text.</summary>
    Auto,

    /// <summary>One readable line per event, on standard error.</summary>
    Text,

    /// <summary>One JSON object per event, on standard output.</summary>
    Json,
}

/// <summary>What the operator configured, checked; <see cref="OptionTable"/> holds names and ranges.</summary>
internal sealed record AgentOptions
{
    public const string DefaultTopicRoot = "edgeagent/v1";

    /// <summary>Folder of the model package; null, the default, is the embedded Nano beside the program.</summary>
    public string? Model { get; init; }

    /// <summary>Name of this device in topics: 1–64 of <c>A–Z a–z 0–9 . _ -</c>. Default: the host name.</summary>
    public required string Device { get; init; }

    /// <summary>Folder of the agent's own state. Default: <c>$STATE_DIRECTORY</c>, else
    /// <c>~/.local/state/edge-agent</c>.</summary>
    public required string Data { get; init; }

    /// <summary>The broker, <c>mqtt://HOST[:PORT]</c>. Default: <c>mqtt://127.0.0.1:1883</c>.</summary>
    public Uri MqttUrl { get; init; } = new("mqtt://127.0.0.1:1883");

    /// <summary>Topic levels in front of all of ours, 1–128 characters. Default: <c>edgeagent/v1</c>.</summary>
    public string MqttTopicRoot { get; init; } = DefaultTopicRoot;

    /// <summary>Prefixes that a request's Response Topic may have, at most 32. Default: empty, all allowed.</summary>
    public IReadOnlyList<string> MqttResponseTopics { get; init; } = [];

    /// <summary>Groups whose requests are taken too, at most 8. Default: none.</summary>
    public IReadOnlyList<string> MqttGroups { get; init; } = [];

    /// <summary>Longest silence on the broker's connection, in seconds, 5–3600; the broker declares the agent dead
    /// after one and a half times of it. Default: 30.</summary>
    public int MqttKeepAliveSeconds { get; init; } = 30;

    /// <summary>User name for the broker, at most 256 characters. Default: null, none.</summary>
    public string? MqttUsername { get; init; }

    /// <summary>File whose first line is the broker's password. Default: null, none.</summary>
    public string? MqttPasswordFile { get; init; }

    /// <summary>Threads that compute, 0–256; 0, the default, is chosen from the board.</summary>
    public int InferenceThreads { get; init; }

    /// <summary>Execution providers in order of preference: <c>tensorrt</c>, <c>cuda</c>, <c>cpu</c>.
    /// Default: <c>cpu</c>.</summary>
    public IReadOnlyList<string> InferenceProviders { get; init; } = ["cpu"];

    /// <summary>Context limit in tokens, 0–1048576; 0, the default, is the model's own.</summary>
    public int InferenceContextTokens { get; init; }

    /// <summary>Requests that are computed together at most, 1–64. Default: 4.</summary>
    public int InferenceSequences { get; init; } = 4;

    /// <summary>Requests that may wait, 1–10000; the next one is refused with 429. Default: 32.</summary>
    public int ServingQueue { get; init; } = 32;

    /// <summary>Folder that holds <c>sys/</c> and <c>proc/</c> of the board. Default: <c>/</c>, this machine.</summary>
    public string SensorsRoot { get; init; } = "/";

    /// <summary>Digital inputs, <c>NAME=CHIP:LINE[:low]</c>, at most 40. Default: none.</summary>
    public IReadOnlyList<string> SensorsGpio { get; init; } = [];

    /// <summary>How speed, heat, noise and energy are weighed: <c>performance</c>, <c>balanced</c>, <c>quiet</c> or
    /// <c>battery</c>. Default: balanced.</summary>
    public string PruningProfile { get; init; } = "balanced";

    /// <summary>Temperature never to be exceeded, in °C, 30–120. Default: null, the board's own first trip.</summary>
    public double? PruningTemperatureLimitCelsius { get; init; }

    /// <summary>Watts that the board may draw, 0.5–1000. Default: null, no budget.</summary>
    public double? PruningPowerBudgetWatts { get; init; }

    /// <summary>Memory to leave free, in MiB, 0–65536. Default: 128.</summary>
    public int PruningMemoryReserveMebibytes { get; init; } = 128;

    /// <summary>Wait in the queue that is too long, in seconds, 1–600. Default: 5.</summary>
    public int PruningQueueLimitSeconds { get; init; } = 5;

    /// <summary>Least seconds between two steps to a higher level, 1–600. Default: 10.</summary>
    public int PruningDwellSeconds { get; init; } = 10;

    /// <summary>Seconds of calm that a lower level needs, 2–3600. Default: 120.</summary>
    public int PruningRecoverySeconds { get; init; } = 120;

    /// <summary>The lowest level that may be used, 0–15. Default: 0.</summary>
    public int PruningLowestLevel { get; init; }

    /// <summary>The highest level that may be used, 0–15. Default: null, the model's last.</summary>
    public int? PruningHighestLevel { get; init; }

    /// <summary>The one level to use, 0–15. Default: null, the governor decides.</summary>
    public int? PruningPinnedLevel { get; init; }

    /// <summary>What may shed load: <c>pace</c>, <c>level</c>, <c>clock</c>. Default: pace and level.</summary>
    public IReadOnlyList<string> PruningMeans { get; init; } = ["pace", "level"];

    /// <summary>Levels of classes of requests, <c>CLASS:VALUE=LEVEL</c>, at most 32. Default: none.</summary>
    public IReadOnlyList<string> PruningClasses { get; init; } = [];

    /// <summary>Seconds between two telemetry messages, 1–3600. Default: 10.</summary>
    public int TelemetryIntervalSeconds { get; init; } = 10;

    /// <summary>How the log is written. Default: <see cref="LogFormat.Auto"/>.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Auto;

    /// <summary>The least severe event that is logged. Default: <see cref="LogLevel.Information"/>.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
}
