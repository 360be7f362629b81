namespace EdgeAgent.EndToEnd;

/// <summary>What a test needs from the machine: where it is absent the test is skipped with the reason, and fails
/// where <c>CI=true</c> promises that it is there.</summary>
internal static class Need
{
    /// <summary>A program on the search path; <paramref name="package"/> is Debian's name for what brings it.</summary>
    public static string Tool(string name, string? package = null)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin");
        var found = folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        That(found is not null, $"needs {name} (apt-get install {package ?? name})");
        return found!;
    }

    /// <summary>A file of the reference data beside the checkout.</summary>
    public static string Shared(string relative)
    {
        var path = Path.Combine(Repository.Shared ?? "/nonexistent", relative);
        That(Path.Exists(path), $"needs ../shared/{relative}");
        return path;
    }

    public static void Root() => That(Environment.UserName == "root", "needs root, for namespaces and ptrace");

    /// <summary>Anything else; the reason reads as <c>needs …</c>.</summary>
    public static void That(bool isThere, string reason)
    {
        var isCi = string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);
        Assert.False(!isThere && isCi, $"CI=true, yet this test {reason}");
        Assert.SkipUnless(isThere, reason);
    }
}
