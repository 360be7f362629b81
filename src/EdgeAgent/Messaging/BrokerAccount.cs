using EdgeAgent.Hosting;
using EdgeAgent.Mqtt;

namespace EdgeAgent.Messaging;

/// <summary>Where the broker is and who we are there, as the configuration says.</summary>
internal static class BrokerAccount
{
    /// <exception cref="AgentFailureException">The password's file cannot be read.</exception>
    public static MqttOptions Of(AgentOptions options, string clientId) => new()
    {
        Host = options.MqttUrl.IdnHost.Trim('[', ']'),
        Port = options.MqttUrl.Port,
        ClientId = clientId,
        UserName = options.MqttUsername,
        Password = Password(options.MqttPasswordFile),
        KeepAlive = TimeSpan.FromSeconds(options.MqttKeepAliveSeconds),
    };

    private static string? Password(string? path)
    {
        try
        {
            return path is null ? null : File.ReadLines(path).FirstOrDefault()?.TrimEnd('\r');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AgentFailureException($"mqtt.password_file: {error.Message}", error);
        }
    }
}
