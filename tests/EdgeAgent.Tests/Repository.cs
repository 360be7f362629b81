namespace EdgeAgent.Tests;

/// <summary>Where the checkout and the shared reference data lie, seen from a running test.</summary>
internal static class Repository
{
    /// <summary>The folder that holds EdgeAgent.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The reference data beside the checkout, or null on a machine without it.</summary>
    public static string? Shared { get; } = FindShared();

    /// <summary>The path of a file under the reference data; skips the test with a reason where it is absent.</summary>
    public static string SharedPath(string relative)
    {
        Assert.SkipWhen(Shared is null, $"needs ../shared/{relative}, which is not on this machine");
        var path = Path.Combine(Shared!, relative);
        Assert.SkipUnless(Path.Exists(path), $"needs {path}, which is not there");
        return path;
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EdgeAgent.sln")))
        {
            folder = Path.GetDirectoryName(folder.TrimEnd(Path.DirectorySeparatorChar))
                ?? throw new InvalidOperationException($"No EdgeAgent.sln above {AppContext.BaseDirectory}.");
        }
        return folder;
    }

    private static string? FindShared()
    {
        var shared = Path.GetFullPath(Path.Combine(Root, "..", "shared"));
        return Directory.Exists(shared) ? shared : null;
    }
}
