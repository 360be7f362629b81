using EdgeAgent.Tests.Hosting;

namespace EdgeAgent.Tests.Simulators;

/// <summary>Stands in for NVIDIA's program on a board folder: records its calls and writes the status file.</summary>
/// <remarks>Links to a script of the repository: a script that is written and run at once can be busy.</remarks>
internal sealed class FakeNvpmodel : IDisposable
{
    private const string Status = "var/lib/nvpmodel/status";

    private readonly TemporaryFolder _folder = new();
    private readonly string _status;

    public FakeNvpmodel(BoardFolder board, int mode)
    {
        _status = Path.Combine(board.Root, Status);
        board.Write(Status, $"pmode:{mode:0000}");
        File.CreateSymbolicLink(Program, Path.Combine(
            Repository.Root, "tests/EdgeAgent.Tests/Fixtures/programs/nvpmodel"));
        File.CreateSymbolicLink(_folder.File("status"), _status);
    }

    public string Program => _folder.File("nvpmodel");

    public string StateFolder => Directory.CreateDirectory(_folder.File("state")).FullName;

    /// <summary>Arguments of each call, in order.</summary>
    public string[] Calls => File.Exists(_folder.File("calls")) ? File.ReadAllLines(_folder.File("calls")) : [];

    public string Mode => File.ReadAllText(_status).Trim();

    /// <summary>Makes it misbehave: `reboot`, `deaf`, `hang`.</summary>
    public void Misbehave(string how) => File.WriteAllText(_folder.File(how), "");

    public void Dispose() => _folder.Dispose();
}
