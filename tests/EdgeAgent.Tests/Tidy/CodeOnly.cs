using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace EdgeAgent.Tests.Tidy;

/// <summary>A source text with comments and string contents blanked, its lines and columns kept.</summary>
internal static class CodeOnly
{
    public static string Blank(SourceFile file)
    {
        var text = file.Text.ToCharArray();
        foreach (var trivia in file.Syntax.DescendantTrivia().Where(IsComment))
        {
            Clear(text, trivia.FullSpan);
        }
        foreach (var token in file.Syntax.DescendantTokens().Where(IsText))
        {
            Clear(text, token.Span);
        }
        return new string(text);
    }

    private static bool IsComment(SyntaxTrivia trivia) => trivia.Kind() is
        SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia
        or SyntaxKind.SingleLineDocumentationCommentTrivia or SyntaxKind.MultiLineDocumentationCommentTrivia;

    private static bool IsText(SyntaxToken token) => token.Kind() is
        SyntaxKind.StringLiteralToken or SyntaxKind.Utf8StringLiteralToken or SyntaxKind.CharacterLiteralToken
        or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken
        or SyntaxKind.Utf8SingleLineRawStringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken
        or SyntaxKind.InterpolatedStringTextToken;

    private static void Clear(char[] text, Microsoft.CodeAnalysis.Text.TextSpan span)
    {
        for (var i = span.Start; i < span.End; i++)
        {
            if (text[i] != '\n')
            {
                text[i] = ' ';
            }
        }
    }
}
