namespace EdgeAgent.Protocol;

/// <summary>A reading that a device of the line publishes, for the agent to keep a limit with.</summary>
/// <param name="Value">A finite number.</param>
/// <param name="Limit">What it must not exceed, above 0; null where it is only to be shown.</param>
/// <param name="Valid">How long it holds without a new one.</param>
internal sealed record LineReading(string Name, double Value, string Unit, double? Limit, TimeSpan Valid);

/// <summary>The outcome of reading such a message.</summary>
internal readonly record struct ReadingVerdict(LineReading? Reading, Refusal? Refusal);

/// <summary>Reads <c>{"value", "unit", "limit", "valid_s"}</c> or a bare number.</summary>
internal static class ReadingParser
{
    /// <summary>Far more than four fields need.</summary>
    public const int PayloadMaxBytes = 1024;

    private const int DefaultValidSeconds = 30;
    private const string Shape =
        "a number, or an object with \"value\" and optionally \"unit\", \"limit\", \"valid_s\"";

    /// <param name="name">The last level of the topic.</param>
    public static ReadingVerdict Parse(string name, ReadOnlySpan<byte> payload)
    {
        // [P-37]
        if (!IsName(name))
        {
            return new(null, new Refusal(RefusalCode.InvalidField,
                $"'{Shown.Text(name)}' is no name of a reading: write 1 to 40 of a-z, 0-9 and _."));
        }
        if (JsonBody.RefusalOfBytes(payload, PayloadMaxBytes) is { } refusal
            || !JsonBody.TryOpen(JsonBody.WithoutMark(payload), out var document, out refusal))
        {
            return new(null, refusal);
        }
        using (document)
        {
            var reader = new FieldReader();
            var body = document.RootElement;
            var isObject = body.ValueKind == System.Text.Json.JsonValueKind.Object;
            if (isObject && !body.TryGetProperty("value", out _))
            {
                reader.Refuse("body", body, Shape);
            }
            var value = isObject && body.TryGetProperty("value", out var inner) ? inner : body;
            var reading = new LineReading(
                name,
                reader.Number("value", value, -1e12, 1e12),
                isObject && body.TryGetProperty("unit", out var unit) ? reader.Text("unit", unit, 1, 16) : "count",
                isObject && body.TryGetProperty("limit", out var limit)
                    ? reader.Number("limit", limit, 1e-9, 1e12) : null,
                TimeSpan.FromSeconds(isObject && body.TryGetProperty("valid_s", out var valid)
                    ? reader.Integer("valid_s", valid, 1, 3600) : DefaultValidSeconds));
            return reader.Refusal is null ? new(reading, null) : new(null, reader.Refusal);
        }
    }

    public static bool IsName(string name) =>
        name.Length is >= 1 and <= 40 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
