namespace EdgeAgent.Protocol;

/// <summary>Which Content Types a request may carry.</summary>
internal static class ContentTypeRules
{
    public const string Json = "application/json";

    public const string PlainText = "text/plain";

    /// <summary>The refusal of a Content Type, or null; parameters such as <c>; charset=utf-8</c> are not looked at,
    /// because the bytes themselves must be UTF-8.</summary>
    public static Refusal? RefusalOf(string? contentType)
    {
        // [P-11]
        if (contentType is null)
        {
            return null;
        }
        var end = contentType.IndexOf(';');
        var type = contentType.AsSpan(0, end < 0 ? contentType.Length : end).Trim();
        return type.Equals(Json, StringComparison.OrdinalIgnoreCase)
            || type.Equals(PlainText, StringComparison.OrdinalIgnoreCase)
            ? null
            : new(
                RefusalCode.UnsupportedContentType,
                $"The Content Type '{Shown.Text(contentType)}' cannot be read; allowed are {Json} and {PlainText}, or "
                + "none. Send text or a JSON object.");
    }
}
