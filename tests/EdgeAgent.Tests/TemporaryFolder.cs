namespace EdgeAgent.Tests;

/// <summary>A folder that goes with the test that made it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("edge-agent-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Copies the files of a folder into a new one below this, and gives its path.</summary>
    public string CopyOf(string source, string name = "copy")
    {
        var target = Directory.CreateDirectory(File(name)).FullName;
        foreach (var file in Directory.EnumerateFiles(source))
        {
            System.IO.File.WriteAllBytes(
                System.IO.Path.Combine(target, System.IO.Path.GetFileName(file)), System.IO.File.ReadAllBytes(file));
        }
        return target;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
