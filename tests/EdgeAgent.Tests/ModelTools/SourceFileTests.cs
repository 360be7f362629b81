using System.Net.Sockets;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Of a source, regular files alone are opened; EndToEnd/BadSourceTests tries pipes on the real verb.
/// </summary>
public sealed class SourceFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_regular_file_is_read_up_to_the_limit_through_links_too()
    {
        File.WriteAllBytes(_folder.File("bytes"), [1, 2, 3]);
        File.CreateSymbolicLink(_folder.File("link"), "bytes");
        Assert.Equal([1, 2, 3], SourceFile.ReadBytes(_folder.File("link"), 3, "x"));
        var error = Assert.Throws<ModelToolsException>(() => SourceFile.ReadBytes(_folder.File("link"), 2, "x"));
        Assert.Equal("x: larger than 2 bytes.", error.Message);
    }

    [Fact]
    public void What_is_no_regular_file_is_refused_by_its_kind()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder.File("socket")));
        File.CreateSymbolicLink(_folder.File("link"), "/dev/zero");
        foreach (var (path, kind) in new[]
            {
                (_folder.File("socket"), "a socket"), ("/dev/zero", "a device"), (_folder.File("link"), "a device"),
                (_folder.Path, "a folder"),
            })
        {
            foreach (var use in new Action[]
                { () => SourceFile.Require(path, "x"), () => SourceFile.Open(path, "x").Dispose() })
            {
                var error = Assert.Throws<ModelToolsException>(use);
                Assert.Equal((ModelToolsFault.SourceInvalid, $"x: it is {kind}, not a regular file."),
                    (error.Fault, error.Message));
            }
        }
    }

    /// <summary>Files of the kernel say that they are empty, and some of them have no end.</summary>
    [Fact]
    public void A_file_is_never_read_beyond_what_it_said() =>
        Assert.Empty(SourceFile.ReadBytes("/proc/self/maps", 1 << 20, "x"));

    [Fact]
    public void What_is_not_there_is_named()
    {
        var error = Assert.Throws<ModelToolsException>(() => SourceFile.Require(_folder.File("none"), "--text none"));
        Assert.Equal((ModelToolsFault.SourceMissing, "--text none: it is not there."), (error.Fault, error.Message));
    }

    public void Dispose() => _folder.Dispose();
}
