using System.Diagnostics;

namespace EdgeAgent.Tests.Tidy;

/// <summary>The files that git tracks, or would track with the next `git add`.</summary>
internal static class Checkout
{
    private const int MaxTextBytes = 1 << 20;

    private static readonly Lazy<IReadOnlyList<string>> s_paths = new(ListPaths);
    private static readonly Lazy<IReadOnlyList<SourceFile>> s_texts = new(ReadTexts);

    public static IReadOnlyList<string> Paths => s_paths.Value;

    /// <summary>Text files up to 1 MB; models and other large or binary files are not ours to read.</summary>
    public static IReadOnlyList<SourceFile> Texts => s_texts.Value;

    public static IEnumerable<SourceFile> CSharp => Texts.Where(file => file.IsCSharp);

    public static IEnumerable<SourceFile> Sources => CSharp.Where(file => file.IsIn("src"));

    public static SourceFile? Find(string path) => Texts.FirstOrDefault(file => file.Path == path);

    private static List<string> ListPaths()
    {
        using var git = Process.Start(new ProcessStartInfo("git")
        {
            ArgumentList = { "-C", Repository.Root, "ls-files", "-z", "--cached", "--others", "--exclude-standard" },
            RedirectStandardOutput = true,
        })!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.True(git.ExitCode == 0, "git ls-files failed: the tidy tests read the file list of a git checkout");
        return [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct().Order(StringComparer.Ordinal)
            .Where(path => File.Exists(Path.Combine(Repository.Root, path)))];
    }

    private static List<SourceFile> ReadTexts()
    {
        var texts = new List<SourceFile>();
        foreach (var path in Paths)
        {
            var full = Path.Combine(Repository.Root, path);
            if (new FileInfo(full).Length <= MaxTextBytes && File.ReadAllText(full) is var text && !text.Contains('\0'))
            {
                texts.Add(new SourceFile(path, text));
            }
        }
        return texts;
    }
}
