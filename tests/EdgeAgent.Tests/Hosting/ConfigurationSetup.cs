using System.Text;
using EdgeAgent.Hosting;

namespace EdgeAgent.Tests.Hosting;

/// <summary>A configuration to read: a temporary file, variables and flags, as a person would write them.</summary>
internal sealed class ConfigurationSetup : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-agent-").FullName;

    /// <summary>The file's path; it exists once something was written.</summary>
    public string File => Path.Combine(_folder, "edge-agent.json");

    public Dictionary<string, string> Environment { get; } = new() { ["HOME"] = "/home/worker" };

    public Dictionary<string, string> Flags { get; } = [];

    public string HostName { get; set; } = "board-7";

    public ConfigurationSetup Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    public ConfigurationSetup Write(byte[] bytes)
    {
        System.IO.File.WriteAllBytes(File, bytes);
        return this;
    }

    public OptionsVerdict Read() => AgentOptionsReader.Read(new OptionSources
    {
        ConfigFile = System.IO.File.Exists(File) ? File : null,
        Environment = Environment,
        Flags = Flags,
        HostName = HostName,
        WorkingFolder = "/here",
    });

    /// <summary>The options of a configuration that must be right.</summary>
    public AgentOptions Options()
    {
        var verdict = Read();
        Assert.True(verdict.Options is not null, verdict.Message);
        return verdict.Options;
    }

    /// <summary>The one error of a configuration that must have exactly one, without the folder.</summary>
    public string Error()
    {
        var verdict = Read();
        Assert.Null(verdict.Options);
        return Assert.Single(verdict.Errors).ToString().Replace(_folder + "/", "", StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
