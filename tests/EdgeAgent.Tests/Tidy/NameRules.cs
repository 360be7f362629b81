using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAgent.Tests.Tidy;

/// <summary>Names that say nothing, or say it in another word than the glossary.</summary>
internal static partial class NameRules
{
    private static readonly HashSet<string> s_emptyWords =
    [
        "Manager", "Managers", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common", "Base", "Impl",
        "Info", "Infos", "Data", "Service", "Services",
    ];

    private static readonly HashSet<string> s_emptyFolders = ["Utils", "Core", "Abstractions", "Infrastructure"];

    public static IEnumerable<string> EmptyWords(SourceFile file) =>
        from type in file.Types
        from word in SourceFile.WordsOf(SourceFile.NameOf(type))
        where s_emptyWords.Contains(word)
        select file.Fault(type, $"{SourceFile.NameOf(type)}: '{word}' says nothing; name what it is for");

    public static IEnumerable<string> Folders(string path) =>
        from folder in path.Split('/').SkipLast(1)
        where s_emptyFolders.Contains(folder)
        select $"{path}: a folder called {folder} has no subject; put the file in the room that needs it";

    /// <summary>Type names use the glossary's word, not one that it lists under "not".</summary>
    public static IEnumerable<string> Synonyms(SourceFile file, IReadOnlyDictionary<string, string> glossary) =>
        from type in file.Types
        from word in SourceFile.WordsOf(SourceFile.NameOf(type))
        where glossary.ContainsKey(word.ToLowerInvariant())
        select file.Fault(type, $"{SourceFile.NameOf(type)}: the glossary's word for "
            + $"'{word.ToLowerInvariant()}' is '{glossary[word.ToLowerInvariant()]}'");

    /// <summary>The "not" words of the glossary's table (word, means, not), each with the word to use.</summary>
    public static IReadOnlyDictionary<string, string> Glossary(string architecture)
    {
        var words = new Dictionary<string, string>();
        foreach (Match row in GlossaryRow().Matches(architecture))
        {
            foreach (var not in row.Groups[2].Value.Split(',', StringSplitOptions.TrimEntries))
            {
                if (not.Length > 0)
                {
                    words[not] = row.Groups[1].Value;
                }
            }
        }
        return words;
    }

    /// <summary>The words that ARCHITECTURE's glossary explains.</summary>
    public static IReadOnlySet<string> GlossaryWords(string architecture) =>
        GlossaryRow().Matches(architecture).Select(row => row.Groups[1].Value).ToHashSet();

    /// <summary>A test's name is a rule in a sentence.</summary>
    public static IEnumerable<string> TestNames(SourceFile file)
    {
        foreach (var method in file.Syntax.DescendantNodes().OfType<MethodDeclarationSyntax>().Where(IsTest))
        {
            var name = method.Identifier.Text;
            if (EmptyTestName().IsMatch(name) || name.Count(c => c == '_') < 2)
            {
                yield return file.Fault(method, $"test {name}: its name must be a rule in a sentence");
            }
        }
    }

    private static bool IsTest(MethodDeclarationSyntax method) => method.AttributeLists
        .SelectMany(list => list.Attributes).Any(attribute => attribute.Name.ToString() is "Fact" or "Theory");

    [GeneratedRegex(@"(_|^)(Ok|OK|Works|Success|Succeeds)$|Tests?[0-9]*$")]
    private static partial Regex EmptyTestName();

    [GeneratedRegex(@"^\| \*([a-z ]+)\* \|[^|\n]*\|\s*([^|\n]*?)\s*\|$", RegexOptions.Multiline)]
    private static partial Regex GlossaryRow();
}
