using System.Text.Json;

namespace EdgeAgent.Protocol;

/// <summary>The names of enums in answers, events, logs and the status.</summary>
internal static class WireNames
{
    /// <summary>The name in snake_case.</summary>
    public static string WireName<TEnum>(this TEnum value) where TEnum : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
