namespace EdgeAgent.EndToEnd;

/// <summary>The agent as users get it: the folder that <c>dotnet publish</c> makes.</summary>
/// <remarks>Published once per test run. EDGEAGENT_E2E_FOLDER would be refused by the agent as an unknown key, so the
/// variable that names another build (what a .deb installed) is <c>E2E_AGENT</c>.</remarks>
internal static class PublishedAgent
{
    private static readonly Lazy<Task<string>> s_folder = new(PublishAsync);

    public static Task<string> FolderAsync() => s_folder.Value;

    /// <summary>Where tests keep what is expensive to make, between runs.</summary>
    public static string CacheFolder { get; } = Directory.CreateDirectory(Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "edge-agent-tests")).FullName;

    private static async Task<string> PublishAsync()
    {
        if (Environment.GetEnvironmentVariable("E2E_AGENT") is { Length: > 0 } given)
        {
            Assert.True(File.Exists(Path.Combine(given, "edge-agent")), $"E2E_AGENT={given} holds no edge-agent");
            return given;
        }
        var folder = Path.Combine(CacheFolder, "agent");
        var project = Path.Combine(Repository.Root, "src", "EdgeAgent");
        var published = await Shell.RunAsync(TimeSpan.FromMinutes(8), "dotnet",
            "publish", project, "-c", "Release", "-o", folder, "-v", "q", "-maxcpucount:1", "--nologo");
        published.Expect();
        return folder;
    }
}
