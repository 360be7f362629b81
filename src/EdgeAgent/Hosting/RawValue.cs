using System.Text.RegularExpressions;

namespace EdgeAgent.Hosting;

/// <summary>What kind of text a value was written as.</summary>
internal enum RawKind
{
    /// <summary>A variable or a flag: a number, a name or a comma-separated list, as the option wants it.</summary>
    Words,

    /// <summary>A JSON string.</summary>
    Text,

    /// <summary>A JSON number.</summary>
    Number,

    /// <summary>A JSON array of strings.</summary>
    List,

    /// <summary>Anything else that JSON has; no option wants it.</summary>
    Other,
}

/// <summary>One value as it was written, before any option looked at it.</summary>
/// <param name="BaseFolder">Where a relative path in this value starts.</param>
internal sealed partial record RawValue(string Key, RawKind Kind, string Text, OptionOrigin Origin, string BaseFolder)
{
    /// <summary>The members of a list; empty for the other kinds.</summary>
    public IReadOnlyList<string> Items { get; init; } = [];

    /// <summary>How an error names what was found.</summary>
    public string Found => Kind switch
    {
        RawKind.Text or RawKind.Words => $"\"{Shortened}\"",
        RawKind.Number => $"the number {Shortened}",
        RawKind.List => "a list",
        _ => Shortened,
    };

    // A hostile value must not become a hostile log line, and a password in a URL must not get into a log at all.
    private string Shortened
    {
        get
        {
            var shown = UserOfUrl().Replace(Text.Length <= 80 ? Text : Text[..80] + "…", "//…@");
            return string.Concat(shown.Select(c => char.IsControl(c) ? '\uFFFD' : c));
        }
    }

    [GeneratedRegex("//[^/]*@")]
    private static partial Regex UserOfUrl();
}
