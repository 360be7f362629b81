namespace EdgeAgent.Hosting;

/// <summary>Checks of configured names that end up in MQTT; each returns what is wanted, null for a good one.</summary>
internal static class MqttOptionRules
{
    public static string? DeviceFault(string name) =>
        name.Length is >= 1 and <= 64 && name.All(IsDeviceCharacter) && name is not ("." or "..")
            ? null
            : "a name of 1 to 64 letters, digits, '.', '_' or '-'";

    public static string? RootFault(string root) =>
        IsTopic(root) && root.Split('/').All(level => level.Length > 0)
            ? null
            : "topic levels of 1 to 128 characters without '+', '#', a leading '$' or an empty level";

    public static string? PrefixFault(string prefix) =>
        IsTopic(prefix) ? null : "prefixes of 1 to 128 characters without '+', '#' or a leading '$'";

    public static string? UserFault(string name) =>
        name.Length is >= 1 and <= 256 && !name.Any(char.IsControl) ? null : "a name of 1 to 256 characters";

    /// <remarks>A password in a URL would end up in logs and process lists, so user information is refused.</remarks>
    public static string? BrokerFault(string url)
    {
        if (url.StartsWith("mqtts://", StringComparison.OrdinalIgnoreCase))
        {
            return "mqtt://HOST[:PORT]; mqtts:// (TLS) is not built yet";
        }
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != "mqtt" || uri.Host.Length == 0)
        {
            return "mqtt://HOST[:PORT]";
        }
        if (uri.UserInfo.Length > 0)
        {
            return "mqtt://HOST[:PORT] without a user; mqtt.username and mqtt.password_file are for that";
        }
        return uri.AbsolutePath.Trim('/').Length + uri.Query.Length + uri.Fragment.Length == 0 && uri.Port != 0
            ? null
            : "mqtt://HOST[:PORT] with nothing behind it";
    }

    /// <summary>The broker's address of a text without <see cref="BrokerFault"/>, always with a port.</summary>
    public static Uri Broker(string url)
    {
        var uri = new Uri(url);
        return uri.Port > 0 ? uri : new UriBuilder("mqtt", uri.Host, 1883).Uri;
    }

    private static bool IsTopic(string topic) =>
        topic.Length is >= 1 and <= 128 && topic[0] != '$' && !topic.Any(c => c is '+' or '#' || char.IsControl(c));

    private static bool IsDeviceCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}
