using EdgeAgent.Hosting;
using EdgeAgent.Mqtt;
using EdgeAgent.Serving;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Messaging;

/// <summary>Tells people how it stands with the broker: one log line for each change, and the status line.</summary>
internal sealed partial class BrokerReport(
    AgentOptions options, StatusLine status, PromptQueue queue, TimeProvider time, ILogger<BrokerReport> logger)
{
    private string? _lastReason;
    private volatile bool _isConnected;

    public bool IsConnected => _isConnected;

    /// <summary>Takes a change of the connection; the same reason again is not logged again.</summary>
    public void Changed(MqttState state)
    {
        var broker = options.MqttUrl.Authority;
        _isConnected = state.Kind == MqttStateKind.Connected;
        switch (state.Kind)
        {
            case MqttStateKind.Connected:
                _lastReason = null;
                status.Set(StatusPart.Broker, $"broker {broker} connected");
                LogConnected(broker, state.SessionPresent ? "it kept our session" : "new session");
                break;
            case MqttStateKind.Disconnected or MqttStateKind.Refused when state.Reason != _lastReason:
                _lastReason = state.Reason;
                status.Set(StatusPart.Broker, $"broker {broker} unreachable since {time.GetLocalNow():HH:mm}");
                Explain(broker, state);
                break;
            default:
                break;
        }
    }

    public void ShowLoad(double tokensPerSecond)
    {
        status.Set(StatusPart.Queue, $"queue {queue.Count}");
        status.Set(StatusPart.Speed, tokensPerSecond > 0 ? $"{tokensPerSecond:0} tok/s" : null);
    }

    private void Explain(string broker, MqttState state)
    {
        if (state.Kind == MqttStateKind.Refused)
        {
            LogRefused(broker, state.Reason, state.RetryIn?.TotalSeconds ?? 0);
        }
        else
        {
            LogUnreachable(broker, state.Reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to the broker {Broker} ({Session})")]
    private partial void LogConnected(string broker, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "No broker at {Broker}: {Reason}. Trying again for as long as it takes; the agent works without it. "
        + "Another address: --mqtt mqtt://HOST:PORT. A broker on this machine: sudo apt install mosquitto")]
    private partial void LogUnreachable(string broker, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message =
        "The broker {Broker} does not let us in: {Reason}. Trying again every {Seconds:0} s")]
    private partial void LogRefused(string broker, string reason, double seconds);
}
