using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAgent.Tests.Tidy;

/// <summary>What must be said beside the code, and what must not stay there.</summary>
internal static partial class CommentRules
{
    /// <summary>Every type says in one sentence what it is for; a test class says it with its name.</summary>
    public static IEnumerable<string> Summaries(SourceFile file)
    {
        var inTests = file.IsIn("tests");
        foreach (var type in file.Types)
        {
            var name = SourceFile.NameOf(type);
            if (inTests && (name.EndsWith("Tests", StringComparison.Ordinal) || type.Parent is TypeDeclarationSyntax))
            {
                continue;
            }
            // The other parts of a partial type need not repeat the sentence of the first.
            var text = SummaryOf(type);
            if (text is null && type.Modifiers.Any(modifier => modifier.Text == "partial"))
            {
                continue;
            }
            if (string.IsNullOrWhiteSpace(text))
            {
                yield return file.Fault(type, $"{name} has no <summary> that says what it is for");
            }
            else if (!text.EndsWith('.') || SecondSentence().IsMatch(text))
            {
                yield return file.Fault(type, $"the <summary> of {name} must be one sentence with a full stop");
            }
        }
    }

    /// <summary>A disabled warning gives its reason on its line or on the comment line above.</summary>
    public static IEnumerable<string> Pragmas(SourceFile file)
    {
        for (var i = 0; i < file.Lines.Length; i++)
        {
            var line = file.Lines[i].TrimStart();
            var above = i > 0 ? file.Lines[i - 1].TrimStart() : "";
            if (line.StartsWith("#pragma warning disable", StringComparison.Ordinal)
                && !line.Contains("// ", StringComparison.Ordinal)
                && !above.StartsWith("// ", StringComparison.Ordinal))
            {
                yield return file.Fault(i + 1, "#pragma warning disable needs a reason in a comment");
            }
        }
    }

    /// <summary>Unfinished work is an issue, not a comment.</summary>
    public static IEnumerable<string> Unfinished(SourceFile file) => Lines(file, UnfinishedMark(),
        found => $"{found}: finish it or file an issue");

    /// <summary>No path of one machine and no registry's host: others have neither.</summary>
    public static IEnumerable<string> MachinePaths(SourceFile file) => Lines(file, MachinePath(),
        found => $"'{found}' exists on one machine only: use a relative path, a setting or the package's name");

    private static IEnumerable<string> Lines(SourceFile file, Regex pattern, Func<string, string> say) =>
        from line in file.Lines.Index()
        let match = pattern.Match(line.Item)
        where match.Success
        select file.Fault(line.Index + 1, say(match.Value));

    private static string? SummaryOf(MemberDeclarationSyntax type)
    {
        var summary = type.GetLeadingTrivia().Select(trivia => trivia.GetStructure())
            .OfType<DocumentationCommentTriviaSyntax>().SelectMany(comment => comment.Content)
            .OfType<XmlElementSyntax>().FirstOrDefault(element => element.StartTag.Name.ToString() == "summary");
        return summary is null ? null
            : Blanks().Replace(summary.Content.ToString().Replace("///", " ", StringComparison.Ordinal), " ").Trim();
    }

    [GeneratedRegex(@"[.!?]\s+[A-Z]")]
    private static partial Regex SecondSentence();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"\b(TO" + "DO|FIX" + @"ME|XX" + @"X)\b")]
    private static partial Regex UnfinishedMark();

    // Each word is written in two parts, so that this file passes its own rule.
    [GeneratedRegex(@"(?<![\w.\-{}])/(wor" + "k|roo" + @"t)/|registry\.npm" + @"js|nug" + @"et\.org|deb\.deb" + "ian")]
    private static partial Regex MachinePath();
}
