using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAgent.Tests.Tidy;

/// <summary>A text file of the checkout as the tidy rules see it: path, text, syntax.</summary>
internal sealed partial class SourceFile(string path, string text)
{
    private readonly Lazy<CompilationUnitSyntax> _syntax = new(() =>
        (CompilationUnitSyntax)CSharpSyntaxTree.ParseText(text, new(LanguageVersion.Preview)).GetRoot());

    /// <summary>Relative to the root, with forward slashes.</summary>
    public string Path { get; } = path;

    public string Text { get; } = text;

    /// <summary>Lines without their ends; a final newline starts no line.</summary>
    public string[] Lines { get; } = text.EndsWith('\n') ? text[..^1].Split('\n') : text.Split('\n');

    public CompilationUnitSyntax Syntax => _syntax.Value;

    public bool IsCSharp => Path.EndsWith(".cs", StringComparison.Ordinal);

    public bool IsIn(string folder) => Path.StartsWith(folder + "/", StringComparison.Ordinal);

    /// <summary>Every class, struct, record, interface, enum and delegate of the file.</summary>
    public IEnumerable<MemberDeclarationSyntax> Types => Syntax.DescendantNodes().OfType<MemberDeclarationSyntax>()
        .Where(member => member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax);

    public static string NameOf(MemberDeclarationSyntax type) => type switch
    {
        BaseTypeDeclarationSyntax named => named.Identifier.Text,
        DelegateDeclarationSyntax named => named.Identifier.Text,
        _ => throw new ArgumentException($"not a type: {type.Kind()}", nameof(type)),
    };

    /// <summary>The words of a name in PascalCase: `Base64Reader` is Base64 and Reader.</summary>
    public static IEnumerable<string> WordsOf(string name) => Word().Matches(name).Select(match => match.Value);

    public static int LineOf(SyntaxNodeOrToken place) => place.GetLocation()!.GetLineSpan().StartLinePosition.Line + 1;

    /// <summary>One fault as a compiler would print it.</summary>
    public string Fault(int line, string what) => $"{Path}:{line}: {what}";

    public string Fault(SyntaxNodeOrToken place, string what) => Fault(LineOf(place), what);

    [GeneratedRegex("[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")]
    private static partial Regex Word();
}
