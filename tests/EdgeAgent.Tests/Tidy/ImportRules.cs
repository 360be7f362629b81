using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAgent.Tests.Tidy;

/// <summary>What may use what: the table of docs/ARCHITECTURE.md, between projects and between rooms.</summary>
internal static partial class ImportRules
{
    /// <summary>May use everything; nobody may use them.</summary>
    private static readonly string[] s_top = ["Verbs", "Program"];

    private static readonly Dictionary<string, string[]> s_projects = new()
    {
        ["ModelPackage"] = [],
        ["Mqtt"] = [],
        ["OnnxRuntime"] = [],
        ["Inference"] = ["ModelPackage", "OnnxRuntime"],
        ["ModelTools"] = ["Inference", "ModelPackage"],
    };

    private static readonly Dictionary<string, string[]> s_rooms = new()
    {
        ["Hosting"] = [],
        ["Sensors"] = [],
        ["Protocol"] = [],
        ["Pruning"] = ["Sensors", "ModelPackage"],
        ["Serving"] = ["Pruning", "Sensors", "Inference", "ModelPackage"],
        ["Updates"] = ["Serving", "Sensors", "ModelPackage"],
        ["Messaging"] = ["Protocol", "Serving", "Updates", "Pruning", "Sensors", "Mqtt"],
        ["Chat"] = ["Serving", "Sensors"],
        ["Web"] = ["Chat", "Serving", "Updates", "Pruning", "Sensors"],
        ["Fleet"] = ["Protocol", "Updates", "Mqtt"],
        ["Simulation"] = ["Pruning", "Sensors"],
        ["Diagnosis"] =
        [
            "Sensors", "Protocol", "Pruning", "Serving", "Updates", "Messaging", "Chat", "Web", "Fleet", "Simulation",
        ],
    };

    /// <summary>Foreign namespaces, and the one project that may name them.</summary>
    private static readonly Dictionary<string, string> s_foreign = new()
    {
        ["Microsoft.ML.OnnxRuntime"] = "Inference",
        ["MQTTnet"] = "Mqtt",
    };

    /// <summary>The project or room of a source file under src; null for a file that belongs to none.</summary>
    public static string? OwnerOf(string path)
    {
        var parts = path.Split('/');
        return parts switch
        {
            ["src", "EdgeAgent", "Program.cs"] => "Program",
            ["src", "EdgeAgent", var room, _, ..] => room,
            ["src", var project, ..] when project.StartsWith("EdgeAgent.", StringComparison.Ordinal) => project[10..],
            _ => null,
        };
    }

    /// <summary>A file names only what its owner may use.</summary>
    public static IEnumerable<string> Uses(SourceFile file)
    {
        if (OwnerOf(file.Path) is not { } owner)
        {
            yield return file.Fault(1, "belongs to no room: every file but Program.cs lies in a room's folder");
            yield break;
        }
        if (s_top.Contains(owner))
        {
            yield break;
        }
        if (AllowedFor(owner) is not { } allowed)
        {
            yield return file.Fault(1, $"{owner} is not in the table of docs/ARCHITECTURE.md and of ImportRules.cs");
            yield break;
        }
        foreach (var (used, line) in ForeignUsedBy(file).Where(use => s_foreign[use.Used] != owner))
        {
            yield return file.Fault(line, $"{owner} may not use {used}: only {s_foreign[used]} does");
        }
        foreach (var (used, line) in UsedBy(file))
        {
            if (used != owner && !allowed.Contains(used))
            {
                yield return file.Fault(line, $"{owner} may not use {used} (docs/ARCHITECTURE.md, what may use what)");
            }
        }
    }

    /// <summary>A file's namespace is its folder, because the table is kept by namespaces.</summary>
    public static IEnumerable<string> Namespaces(SourceFile file)
    {
        if (OwnerOf(file.Path) is not { } owner || owner == "Program")
        {
            yield break;
        }
        var expected = "EdgeAgent." + owner;
        foreach (var declared in file.Syntax.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>())
        {
            var name = declared.Name.ToString();
            if (name != expected && !name.StartsWith(expected + ".", StringComparison.Ordinal))
            {
                yield return file.Fault(declared, $"namespace {name}, but the folder says {expected}");
            }
        }
        foreach (var type in file.Types.Where(type => type.Parent == file.Syntax))
        {
            yield return file.Fault(type, $"{SourceFile.NameOf(type)} has no namespace; the folder says {expected}");
        }
    }

    /// <summary>A project under src references only the projects that it may use.</summary>
    public static IEnumerable<string> References(SourceFile project)
    {
        var owner = Path.GetFileNameWithoutExtension(project.Path).Replace("EdgeAgent.", "", StringComparison.Ordinal);
        if (owner == "EdgeAgent")
        {
            yield break;
        }
        if (!s_projects.TryGetValue(owner, out var allowed))
        {
            yield return project.Fault(1, $"{owner} is not in the table of ImportRules.cs");
            yield break;
        }
        foreach (Match reference in ProjectReference().Matches(project.Text))
        {
            var used = reference.Groups[1].Value.Replace("EdgeAgent.", "", StringComparison.Ordinal);
            if (!allowed.Contains(used))
            {
                var line = project.Text.AsSpan(0, reference.Index).Count('\n') + 1;
                yield return project.Fault(line, $"{owner} may not reference {used}");
            }
        }
    }

    private static string[]? AllowedFor(string owner) =>
        s_projects.TryGetValue(owner, out var projects) ? projects
        : s_rooms.TryGetValue(owner, out var rooms) ? [.. rooms, "Hosting"]
        : null;

    private static IEnumerable<(string Used, int Line)> UsedBy(SourceFile file)
    {
        var known = s_projects.Keys.Concat(s_rooms.Keys).Concat(s_top).ToHashSet();
        var code = CodeOnly.Blank(file);
        foreach (Match match in Qualified().Matches(code))
        {
            if (known.Contains(match.Groups[1].Value))
            {
                yield return (match.Groups[1].Value, LineAt(code, match.Index));
            }
        }
        // Inside namespace EdgeAgent.X, `Serving.LoadedPackage` needs no using.
        foreach (var name in file.Syntax.DescendantNodes().OfType<QualifiedNameSyntax>())
        {
            if (name.Left is IdentifierNameSyntax left && known.Contains(left.Identifier.Text)
                && name.FirstAncestorOrSelf<BaseNamespaceDeclarationSyntax>() is not null)
            {
                yield return (left.Identifier.Text, SourceFile.LineOf(name));
            }
        }
    }

    private static IEnumerable<(string Used, int Line)> ForeignUsedBy(SourceFile file)
    {
        var code = CodeOnly.Blank(file);
        return from foreign in s_foreign.Keys
               from Match match in Regex.Matches(code, $@"\b{Regex.Escape(foreign)}\b")
               select (foreign, LineAt(code, match.Index));
    }

    private static int LineAt(string code, int index) => code.AsSpan(0, index).Count('\n') + 1;

    [GeneratedRegex(@"\bEdgeAgent\s*\.\s*([A-Za-z0-9]+)")]
    private static partial Regex Qualified();

    [GeneratedRegex("<ProjectReference\\s+Include=\"[^\"]*?([^/\\\\\"]+)\\.csproj\"")]
    private static partial Regex ProjectReference();
}
