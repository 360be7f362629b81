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
/// <param name="Device">The device, or the group where <paramref name="IsGroup"/> is true.</param>
internal sealed record DeviceTopic(string Device, TopicKind Kind, string? Name, bool IsGroup = false);

/// <summary>The topics of one device, built and taken apart.</summary>
internal sealed class Topics
{
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
    ];

    /// <summary>Where readings of the line come; at QoS 0, so that an old one is never delivered late.</summary>
    public string ReadingFilter => $"{_device}/in/reading/+";

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

    /// <summary>What a member of a group subscribes to for its requests: the broker gives each to one member.</summary>
    public IReadOnlyList<string> GroupFilters(string group)
    {
        // [P-40]
        var share = $"$share/{Checked(group, "group name")}/{Root}/group/{group}/in/request";
        return [share, $"{share}/+"];
    }

    /// <summary>Cancels of a group go to every member: only one of them knows the request.</summary>
    public IReadOnlyList<string> GroupCancelFilters(string group)
    {
        var cancel = $"{Root}/group/{Checked(group, "group name")}/in/cancel";
        return [cancel, $"{cancel}/+"];
    }

    /// <summary>The topic of the requests that a cancel at this topic is about.</summary>
    /// <remarks>The client's name comes from the wire and may break [P-01]: it is taken over unchecked.</remarks>
    public static string RequestOfCancel(string topic)
    {
        const string Cancel = "/in/cancel";
        var at = topic.IndexOf(Cancel, StringComparison.Ordinal);
        return $"{topic[..at]}/in/request{topic[(at + Cancel.Length)..]}";
    }

    /// <summary>Takes a topic under the root apart; null where it is none of ours.</summary>
    public static DeviceTopic? Parse(string root, string topic) =>
        ParseBehind($"{root}/device/", topic) ?? (ParseBehind($"{root}/group/", topic) is { } found
            && found.Kind is TopicKind.Request or TopicKind.Cancel ? found with { IsGroup = true } : null);

    private static DeviceTopic? ParseBehind(string start, string topic)
    {
        // [P-03]
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
