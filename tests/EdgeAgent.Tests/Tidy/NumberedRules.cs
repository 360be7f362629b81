using System.Text.RegularExpressions;

namespace EdgeAgent.Tests.Tidy;

/// <summary>The rules with a number, P of docs/PROTOCOL.md and U of docs/UPDATES.md, and who cites them.</summary>
internal static partial class NumberedRules
{
    /// <summary>Every rule of a document is cited by the code that enforces it and by a test.</summary>
    public static IEnumerable<string> Uncited(SourceFile document, IReadOnlyCollection<SourceFile> code)
    {
        var inSources = CitedIn(code.Where(file => file.IsIn("src")));
        var inTests = CitedIn(code.Where(file => file.IsIn("tests")));
        foreach (var (index, line) in document.Lines.Index())
        {
            foreach (var rule in Definition().Matches(line).Select(match => match.Groups[1].Value))
            {
                if (!inSources.Contains(rule))
                {
                    yield return document.Fault(index + 1, $"[{rule}] is cited by no file under src: who enforces it?");
                }
                if (!inTests.Contains(rule))
                {
                    yield return document.Fault(index + 1, $"[{rule}] is cited by no test");
                }
            }
        }
    }

    /// <summary>A number that code cites exists in one of the documents.</summary>
    public static IEnumerable<string> Unknown(SourceFile file, IReadOnlyCollection<SourceFile> documents)
    {
        var known = documents.SelectMany(d => Definition().Matches(d.Text)).Select(m => m.Groups[1].Value).ToHashSet();
        return from line in file.Lines.Index()
               from match in Definition().Matches(line.Item)
               where !known.Contains(match.Groups[1].Value)
               select file.Fault(line.Index + 1, $"{match.Value} is in neither docs/PROTOCOL.md nor docs/UPDATES.md");
    }

    private static HashSet<string> CitedIn(IEnumerable<SourceFile> files) =>
        files.SelectMany(file => Citation().Matches(file.Text)).Select(match => match.Value).ToHashSet();

    [GeneratedRegex(@"\[([PU]-[0-9]{2})\]")]
    private static partial Regex Definition();

    [GeneratedRegex(@"\b[PU]-[0-9]{2}\b")]
    private static partial Regex Citation();
}
