namespace EdgeAgent.Protocol;

/// <summary>What a topic under our root is for.</summary>
internal enum TopicKind
{
    Request,
    Cancel,
    Reading,
    Response,
    Status,
    Telemetry,
    Event,
}

/// <summary>A topic of the wire taken apart; <c>Name</c> is the client, stream or event where there is one.</summary>
internal sealed record DeviceTopic(string Device, TopicKind Kind, string? Name);

/// <summary>The topics of one device, built and taken apart.</summary>
internal sealed class Topics
{
    /// <summary>The root that is used where nothing else is configured.</summary>
    public const string DefaultRoot = "edgeagent/v1";

    private readonly string _device;

    /// <exception cref="ArgumentException">The root or the device name breaks [P-01] or [P-02].</exception>
    public Topics(string root, string device)
    {
        ThrowOn(TopicRules.FaultOfRoot(root), "topic root", root);
        Root = root;
        Device = Checked(device, "device name");
        _device = $"{root}/device/{device}";
    }

    /// <summary>The levels before <c>device/</c>.</summary>
    public string Root { get; }

    /// <summary>The name of this device.</summary>
    public string Device { get; }

    /// <summary>Retained, and the topic of the Will.</summary>
    public string Status => $"{_device}/out/status";

    /// <summary>What the agent subscribes to, with Retain As Published so that [P-08] can be seen.</summary>
    public IReadOnlyList<string> Filters =>
    [
        $"{_device}/in/request", $"{_device}/in/request/+", $"{_device}/in/cancel", $"{_device}/in/cancel/+",
        $"{_device}/in/reading/+",
    ];

    public string Request(string? client = null) => WithName($"{_device}/in/request", client);

    public string Cancel(string? client = null) => WithName($"{_device}/in/cancel", client);

    /// <summary>Where a device of the line publishes a reading.</summary>
    public string Reading(string name) => WithName($"{_device}/in/reading", name);

    public string Telemetry(string stream) => WithName($"{_device}/out/telemetry", stream);

    public string Event(string name) => WithName($"{_device}/out/event", name);

    /// <summary>Where the answer goes when the request has no Response Topic of its own.</summary>
    /// <remarks>[P-03] A client that cannot be one level of a topic is left out: it came from the wire, and its request
    /// is answered all the same.</remarks>
    public string Response(string? client = null)
    {
        var fits = client is not null && TopicRules.FaultOfName(client) is null;
        return WithName($"{_device}/out/response", fits ? client : null);
    }

    /// <summary>Takes a topic under the root apart; null where it is none of ours.</summary>
    public static DeviceTopic? Parse(string root, string topic)
    {
        // [P-03]
        var start = $"{root}/device/";
        if (!topic.StartsWith(start, StringComparison.Ordinal))
        {
            return null;
        }
        var levels = topic[start.Length..].Split('/', 5);
        if (levels.Length is < 3 or > 4 || TopicRules.FaultOfName(levels[0]) is not null)
        {
            return null;
        }
        // An empty client ("in/request/") is no client.
        var name = levels.Length == 4 && levels[3].Length > 0 ? levels[3] : null;
        return KindOf(levels[1], levels[2], name) is { } kind ? new(levels[0], kind, name) : null;
    }

    private static TopicKind? KindOf(string direction, string what, string? name) => (direction, what) switch
    {
        ("in", "request") => TopicKind.Request,
        ("in", "cancel") => TopicKind.Cancel,
        ("in", "reading") when name is not null => TopicKind.Reading,
        ("out", "response") => TopicKind.Response,
        ("out", "status") when name is null => TopicKind.Status,
        ("out", "telemetry") when name is not null => TopicKind.Telemetry,
        ("out", "event") when name is not null => TopicKind.Event,
        _ => null,
    };

    private static string WithName(string topic, string? name) =>
        name is null ? topic : $"{topic}/{Checked(name, "name")}";

    private static string Checked(string name, string what)
    {
        ThrowOn(TopicRules.FaultOfName(name), what, name);
        return name;
    }

    private static void ThrowOn(string? fault, string what, string value)
    {
        if (fault is not null)
        {
            throw new ArgumentException($"The {what} '{Shown.Text(value)}' cannot be used: {fault}.");
        }
    }
}
