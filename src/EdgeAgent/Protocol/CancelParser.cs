namespace EdgeAgent.Protocol;

/// <summary>The outcome of reading a cancel message: an id, or why there is none.</summary>
internal readonly record struct CancelVerdict(string? Id, Refusal? Refusal);

/// <summary>Reads <c>{"id"}</c>, the body of a cancel message.</summary>
internal static class CancelParser
{
    /// <summary>Far more than the longest id needs.</summary>
    public const int PayloadMaxBytes = 4096;

    public static CancelVerdict Parse(ReadOnlySpan<byte> payload)
    {
        // [P-33]
        if (JsonBody.RefusalOfBytes(payload, PayloadMaxBytes) is { } refusal)
        {
            return new(null, refusal);
        }
        if (!JsonBody.TryOpen(JsonBody.WithoutMark(payload), out var document, out refusal))
        {
            return new(null, refusal);
        }
        using (document)
        {
            var reader = new FieldReader();
            var body = document.RootElement;
            if (!reader.IsObject("body", body, Shape))
            {
                return new(null, reader.Refusal);
            }
            if (body.TryGetProperty("id", out var value))
            {
                return new(reader.Id("id", value), reader.Refusal);
            }
            reader.Refuse("body", body, Shape);
            return new(null, reader.Refusal);
        }
    }

    private const string Shape = "an object with \"id\", the id of the request to cancel";
}
