namespace EdgeAgent.Diagnosis;

/// <summary>Where the socket of a running agent lies.</summary>
internal static class StatusPath
{
    public const string FileName = "status.sock";

    /// <summary>The folder that the unit of deploy/ gives to the agent.</summary>
    public const string SystemFolder = "/run/edge-agent";

    /// <summary>The runtime folder where systemd made one, else the folder of the agent's state.</summary>
    public static string OfAgent(string? runtimeFolder, string dataFolder) =>
        Path.Join(runtimeFolder ?? dataFolder, FileName);

    /// <summary>Where to look for an agent, best guess first.</summary>
    /// <param name="isDataGiven">The person named the folder: no other one is looked into.</param>
    public static IReadOnlyList<string> Candidates(string? runtimeFolder, string dataFolder, bool isDataGiven) =>
        isDataGiven
            ? [Path.Join(dataFolder, FileName)]
            : [.. new[] { runtimeFolder, dataFolder, SystemFolder }.OfType<string>().Distinct()
                .Select(folder => Path.Join(folder, FileName))];
}
