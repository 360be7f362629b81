using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAgent.Tests.Tidy;

/// <summary>How long a file, a method, a line, a record may be.</summary>
internal static class ShapeRules
{
    public const int MaxFileLines = 400;
    public const int MaxMethodLines = 70;
    public const int MaxLineCharacters = 120;
    public const int MaxProgramLines = 120;
    public const int MaxDecisionLines = 60;

    /// <summary>A straight recipe may be longer when a comment in it starts so and gives the reason.</summary>
    public const string LongMethodReason = "// Longer than 70 lines:";

    public static IEnumerable<string> FileLength(SourceFile file)
    {
        var limit = file.Path switch
        {
            var path when path.EndsWith("/Program.cs", StringComparison.Ordinal) => MaxProgramLines,
            var path when path.StartsWith("docs/decisions/", StringComparison.Ordinal) => MaxDecisionLines,
            _ when file.IsCSharp => MaxFileLines,
            _ => int.MaxValue,
        };
        if (file.Lines.Length > limit)
        {
            yield return file.Fault(limit + 1, $"has {file.Lines.Length} lines, the limit is {limit}: split it");
        }
    }

    public static IEnumerable<string> LineLength(SourceFile file)
    {
        for (var i = 0; i < file.Lines.Length; i++)
        {
            if (file.Lines[i].Length > MaxLineCharacters)
            {
                yield return file.Fault(i + 1, $"has {file.Lines[i].Length} characters, limit {MaxLineCharacters}");
            }
        }
    }

    public static IEnumerable<string> MethodLength(SourceFile file)
    {
        foreach (var method in file.Syntax.DescendantNodes().Where(IsMethod))
        {
            var span = method.GetLocation().GetLineSpan();
            var lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
            if (lines > MaxMethodLines && !method.ToFullString().Contains(LongMethodReason, StringComparison.Ordinal))
            {
                yield return file.Fault(method, $"method of {lines} lines, the limit is {MaxMethodLines}: split it, "
                    + $"or give a reason after '{LongMethodReason}' where it is a straight recipe");
            }
        }
    }

    private static bool IsMethod(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax;
}
