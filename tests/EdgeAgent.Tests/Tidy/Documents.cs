using System.Text.RegularExpressions;

namespace EdgeAgent.Tests.Tidy;

/// <summary>A fenced block of a document, with the mark on the line above it where there is one.</summary>
internal sealed record MarkedBlock(string Document, int Line, string Language, string? Mark, string Text);

/// <summary>Links and code blocks of our Markdown; a block can be marked so that a test keeps it true.</summary>
/// <remarks>
/// <c>&lt;!-- run --&gt;</c> above a <c>```sh</c> block: a test of the tier long runs it in a copy of the checkout.
/// <c>&lt;!-- compare: PATH --&gt;</c> above any block: it equals that file; JSON is compared by value.
/// </remarks>
internal static partial class Documents
{
    public const string Run = "run";
    public const string Compare = "compare: ";

    public static IEnumerable<MarkedBlock> Blocks(SourceFile document)
    {
        foreach (Match match in Block().Matches(document.Text))
        {
            var line = document.Text.AsSpan(0, match.Groups["fence"].Index).Count('\n') + 1;
            var mark = match.Groups["mark"];
            yield return new(document.Path, line, match.Groups["language"].Value,
                mark.Success ? mark.Value : null, match.Groups["text"].Value);
        }
    }

    /// <summary>Links to files of the checkout whose target is not there.</summary>
    public static IEnumerable<string> DeadLinks(SourceFile document, Func<string, bool> exists)
    {
        foreach (var (index, line) in document.Lines.Index())
        {
            foreach (Match match in Link().Matches(line))
            {
                var target = match.Groups[1].Value.Split('#')[0];
                var folder = Path.GetDirectoryName(document.Path) ?? "";
                var path = Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", folder, target)));
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !exists(path))
                {
                    yield return document.Fault(index + 1, $"links to {target}, which is not there");
                }
            }
        }
    }

    [GeneratedRegex(@"^(?:<!-- (?<mark>[^\n]*?) -->\n)?(?<fence>```)(?<language>[a-z]*)\n(?<text>.*?)^```$",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"(?<!`)\[[^\]\n]+\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
