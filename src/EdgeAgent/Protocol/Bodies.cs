using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EdgeAgent.Protocol;

/// <summary>Writes and reads the bodies that an agent publishes.</summary>
internal static class Bodies
{
    // [P-30] Relaxed escaping keeps text readable on the wire, and a half surrogate pair becomes U+FFFD.
    private static readonly BodyContext Context = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        MaxDepth = ProtocolLimits.JsonMaxDepth,
    });

    public static byte[] Write(AnswerBody body) => JsonSerializer.SerializeToUtf8Bytes(body, Context.AnswerBody);

    public static byte[] Write(RefusalBody body) => JsonSerializer.SerializeToUtf8Bytes(body, Context.RefusalBody);

    public static byte[] Write(StatusBody body) => JsonSerializer.SerializeToUtf8Bytes(body, Context.StatusBody);

    public static byte[] Write(TelemetryBody body) => JsonSerializer.SerializeToUtf8Bytes(body, Context.TelemetryBody);

    public static byte[] Write(LevelEventBody body) =>
        JsonSerializer.SerializeToUtf8Bytes(body, Context.LevelEventBody);

    public static byte[] Write(SensorEventBody body) =>
        JsonSerializer.SerializeToUtf8Bytes(body, Context.SensorEventBody);

    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out AnswerBody? body) =>
        TryRead(payload, Context.AnswerBody, out body);

    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out RefusalBody? body) =>
        TryRead(payload, Context.RefusalBody, out body);

    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out StatusBody? body) =>
        TryRead(payload, Context.StatusBody, out body);

    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out TelemetryBody? body) =>
        TryRead(payload, Context.TelemetryBody, out body);

    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out LevelEventBody? body) =>
        TryRead(payload, Context.LevelEventBody, out body);

    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out SensorEventBody? body) =>
        TryRead(payload, Context.SensorEventBody, out body);

    private static bool TryRead<TBody>(
        ReadOnlySpan<byte> payload,
        JsonTypeInfo<TBody> type,
        [NotNullWhen(true)] out TBody? body)
        where TBody : class
    {
        // [P-34] Names that are not known are a newer agent's; a missing name or a wrong type is no body of ours.
        try
        {
            body = JsonSerializer.Deserialize(payload, type);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentOutOfRangeException)
        {
            body = null;
        }
        return body is not null;
    }
}

/// <summary>The generated code that writes and reads the bodies without reflection.</summary>
[JsonSerializable(typeof(AnswerBody))]
[JsonSerializable(typeof(RefusalBody))]
[JsonSerializable(typeof(StatusBody))]
[JsonSerializable(typeof(TelemetryBody))]
[JsonSerializable(typeof(LevelEventBody))]
[JsonSerializable(typeof(SensorEventBody))]
internal sealed partial class BodyContext : JsonSerializerContext;
