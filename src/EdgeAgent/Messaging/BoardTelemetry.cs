using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Sensors;

namespace EdgeAgent.Messaging;

/// <summary>Makes the telemetry of the board: every reading that can be believed, by name and unit.</summary>
internal sealed class BoardTelemetry(Topics topics, AgentIdentity identity, Board board, TimeProvider time)
{
    private const string Stream = "board";

    private readonly Stamps _stamps = new(identity, time);

    /// <summary>The message of now; null before the board was read.</summary>
    public MqttOutgoing? Next()
    {
        if (board.Snapshot is not { } snapshot)
        {
            return null;
        }
        var readings = new Dictionary<string, double>();
        foreach (var reading in snapshot.Readings)
        {
            // [P-39]
            if (reading.State == ReadingState.Good)
            {
                readings[NameOf(reading)] = reading.Value;
            }
        }
        return TelemetryMessage.Of(topics.Telemetry(Stream), _stamps.Next(), readings);
    }

    private static string NameOf(Reading reading) =>
        reading.Name.EndsWith($"_{reading.Unit}", StringComparison.Ordinal)
            ? reading.Name
            : $"{reading.Name}_{reading.Unit}";
}

/// <summary>Readings as a message to publish.</summary>
internal static class TelemetryMessage
{
    public static MqttOutgoing Of(string topic, Stamp stamp, IReadOnlyDictionary<string, double> readings) => new()
    {
        Topic = topic,
        Qos = MqttQos.AtMostOnce,
        ContentType = ContentTypeRules.Json,
        PayloadIsText = true,
        Payload = Bodies.Write(new TelemetryBody
        {
            Epoch = stamp.Epoch,
            Seq = stamp.Seq,
            Time = stamp.Time,
            TimeOk = stamp.TimeOk,
            Readings = readings,
        }),
    };
}
