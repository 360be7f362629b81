namespace EdgeAgent.ModelTools.Import;

/// <summary>Turns the licence that a publisher names into an SPDX expression.</summary>
/// <remarks>Publishers write Hugging Face's identifiers (its documentation, "Licenses"), in model cards and in GGUF's
/// general.license alike. Most are SPDX's in small letters; those of single models are not in SPDX's list.</remarks>
internal static class SourceLicence
{
    private const int MaximumLength = 64;

    /// <summary>SPDX identifiers that model publishers use.</summary>
    private static readonly string[] s_known =
    [
        "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0",
        "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "MPL-2.0", "ISC", "Unlicense", "AFL-3.0", "Artistic-2.0", "BSL-1.0",
    ];

    /// <summary>The SPDX expression; one that SPDX does not list becomes a LicenseRef; null where there is no
    /// name.</summary>
    /// <param name="identifier">As in a model card's <c>license</c>.</param>
    /// <param name="name">What it is called where the identifier is <c>other</c>.</param>
    public static string? Spdx(string? identifier, string? name = null)
    {
        var said = identifier?.Trim() is { Length: > 0 } given && given != "other" ? given : name?.Trim();
        if (string.IsNullOrEmpty(said))
        {
            return null;
        }
        return s_known.FirstOrDefault(known => known.Equals(said, StringComparison.OrdinalIgnoreCase))
            ?? "LicenseRef-" + string.Concat(said.Take(MaximumLength)
                .Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' ? letter : '-'));
    }

    /// <summary>The licence in the front matter of a model card; null where there is none.</summary>
    public static string? OfCard(string card)
    {
        string? identifier = null, name = null;
        var lines = card.Split('\n').Select(line => line.TrimEnd('\r'));
        if (lines.First() != "---")
        {
            return null;
        }
        foreach (var line in lines.Skip(1).TakeWhile(line => line != "---"))
        {
            identifier ??= Value(line, "license:");
            name ??= Value(line, "license_name:");
        }
        return Spdx(identifier, name);
    }

    private static string? Value(string line, string key) => line.StartsWith(key, StringComparison.Ordinal)
        ? line[key.Length..].Trim().Trim('"', '\'') : null;
}
