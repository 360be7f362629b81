namespace EdgeAgent.ModelTools.Import;

/// <summary>Makes the name of a file or folder one that a manifest allows.</summary>
internal static class SourceName
{
    private const int MaximumLength = 64;
    private const string Unnamed = "model";

    /// <summary>Small letters, digits, points, lines; what else there is becomes a line.</summary>
    public static string Of(string name)
    {
        var plain = string.Concat(name.ToLowerInvariant()
            .Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' ? letter : '-')
            .SkipWhile(letter => !char.IsAsciiLetterOrDigit(letter)).Take(MaximumLength));
        return plain.Length > 0 ? plain : Unnamed;
    }
}
