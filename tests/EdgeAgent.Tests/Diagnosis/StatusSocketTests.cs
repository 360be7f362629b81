using System.Net.Sockets;
using System.Text;
using EdgeAgent.Diagnosis;
using EdgeAgent.Hosting;
using EdgeAgent.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Diagnosis;

/// <summary>The socket that `edge-agent status` asks, over real Unix sockets.</summary>
public sealed class StatusSocketTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Path => _folder.File("status.sock");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Whoever_connects_gets_one_document_of_now_and_the_connection_ends()
    {
        var made = 0;
        using var socket = await StartedAsync(() => Document($"epoch-{++made}"));
        Assert.Equal(("epoch-1", "epoch-2"), (await EpochAsync(), await EpochAsync()));
        await socket.StopAsync(Stop);
        Assert.False(File.Exists(Path));
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    public async Task The_socket_has_the_mode_of_its_place_and_nothing_for_others(UnixFileMode mode)
    {
        using var socket = await StartedAsync(() => Document("a"), mode);
        Assert.Equal(mode, new FileInfo(Path).UnixFileMode);
        await socket.StopAsync(Stop);
    }

    [Fact]
    public void The_group_may_connect_in_the_runtime_folder_of_systemd_only()
    {
        var options = new AgentOptions { Device = "d", Data = "/data" };
        var alone = StatusSocketOptions.Of(options, new SystemdEnvironment());
        var unit = StatusSocketOptions.Of(options, new SystemdEnvironment { RuntimeFolder = "/run/edge-agent" });
        Assert.Equal(("/data/status.sock", (UnixFileMode)0b110_000_000), (alone.Path, alone.Mode));
        Assert.Equal(("/run/edge-agent/status.sock", (UnixFileMode)0b110_110_000), (unit.Path, unit.Mode));
    }

    [Fact]
    public async Task The_socket_of_an_agent_that_was_killed_is_taken_over()
    {
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(Path));
            // What a killed process leaves: the file, and nobody behind it.
            File.Move(Path, Path + ".kept");
        }
        File.Move(Path + ".kept", Path);
        Assert.True(File.Exists(Path));
        using var socket = await StartedAsync(() => Document("next"));
        Assert.Equal("next", await EpochAsync());
        await socket.StopAsync(Stop);
    }

    [Fact]
    public async Task The_socket_of_an_agent_that_lives_stays_its_own()
    {
        using var first = await StartedAsync(() => Document("first"));
        using var second = Socket(() => Document("second"));
        await second.StartAsync(Stop);
        Assert.Null(second.ExecuteTask);
        Assert.Equal("first", await EpochAsync());
        await first.StopAsync(Stop);
    }

    [Fact]
    public async Task A_file_that_is_no_socket_stays()
    {
        await File.WriteAllTextAsync(Path, "mine", Stop);
        using var socket = Socket(() => Document("a"));
        await socket.StartAsync(Stop);
        Assert.Null(socket.ExecuteTask);
        Assert.Equal("mine", await File.ReadAllTextAsync(Path, Stop));
    }

    [Fact]
    public async Task A_path_that_is_too_long_for_a_socket_ends_nothing_but_the_socket()
    {
        var path = _folder.File(new string('d', 120));
        using var socket = new StatusSocket(new StatusSocketOptions { Path = path }, () => Document("a"),
            TimeProvider.System, NullLogger<StatusSocket>.Instance);
        await socket.StartAsync(Stop);
        Assert.Null(socket.ExecuteTask);
    }

    [Fact]
    public async Task A_client_that_takes_nothing_holds_up_the_next_one_for_a_second_only()
    {
        var clock = new ManualClock();
        var isLarge = true;
        using var socket = new StatusSocket(new StatusSocketOptions { Path = Path },
            () => isLarge ? new byte[16 << 20] : Document("small"), clock, NullLogger<StatusSocket>.Instance);
        await socket.StartAsync(Stop);
        using var idle = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await idle.ConnectAsync(new UnixDomainSocketEndPoint(Path), Stop);
        await clock.AdvanceAsync(TimeSpan.FromSeconds(1));
        isLarge = false;
        Assert.Equal("small", await EpochAsync());
        await socket.StopAsync(Stop);
    }

    [Fact]
    public async Task A_status_that_cannot_be_made_does_not_end_the_socket()
    {
        var made = 0;
        using var socket = await StartedAsync(
            () => ++made == 1 ? throw new InvalidOperationException("broken") : Document("well"));
        var verdict = await StatusQuery.AskAsync([Path], TimeProvider.System, Stop);
        Assert.Contains("no agent of this version", verdict.Fault, StringComparison.Ordinal);
        Assert.Equal("well", await EpochAsync());
        await socket.StopAsync(Stop);
    }

    [Fact]
    public async Task Without_an_agent_it_is_said_where_was_looked_why_it_failed_and_how_to_start_one()
    {
        var dead = _folder.File("dead.sock");
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(dead));
            File.Move(dead, dead + ".kept");
        }
        File.Move(dead + ".kept", dead);
        var verdict = await StatusQuery.AskAsync([Path, dead], TimeProvider.System, Stop);
        Assert.Null(verdict.Status);
        Assert.Contains($"{Path}: not there", verdict.Fault, StringComparison.Ordinal);
        Assert.Contains($"{dead}: left by an agent that runs no more", verdict.Fault, StringComparison.Ordinal);
        Assert.Contains("systemctl start edge-agent, or edge-agent run", verdict.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_answers_without_end_is_no_agent()
    {
        var endless = Encoding.UTF8.GetBytes(new string(' ', StatusQuery.MaximumBytes + 2));
        using var socket = await StartedAsync(() => endless);
        var verdict = await StatusQuery.AskAsync([Path], TimeProvider.System, Stop);
        Assert.Contains("more than", verdict.Fault, StringComparison.Ordinal);
        await socket.StopAsync(Stop);
    }

    [Fact]
    public void An_agent_is_looked_for_where_systemd_and_people_start_it()
    {
        Assert.Equal(["/home/me/state/status.sock", "/run/edge-agent/status.sock"],
            StatusPath.Candidates(null, "/home/me/state", isDataGiven: false));
        Assert.Equal(["/mine/status.sock"], StatusPath.Candidates("/run/x", "/mine", isDataGiven: true));
    }

    internal static byte[] Document(string epoch) => AgentStatusJson.Write(new AgentStatus
    {
        Agent = "0.1.0",
        Epoch = epoch,
        Device = "press-4",
        Pid = 7,
        UptimeSeconds = 12,
        State = "ready",
        ResidentBytes = 1,
        Plan = new PlanStatus
        {
            Level = 0,
            HighestLevel = 3,
            Cause = "none",
            Reason = "nothing asks for less",
            PaceRatio = 1,
            ClockRatio = 1,
            Admission = "accept",
            MinutesAtLevel = [0.2],
            LevelChanges = 0,
            AboveLimitSeconds = 0,
            PacedSeconds = 0,
            BlindSeconds = 0,
        },
        Board = new BoardStatus(),
        Queue = new QueueStatus { Requests = 0, Capacity = 32, TokensPerSecond = 0 },
        Broker = new BrokerStatus { Address = "127.0.0.1:1883", Connected = false },
        Counters = new Dictionary<string, double>(),
    });

    private async Task<string> EpochAsync()
    {
        var verdict = await StatusQuery.AskAsync([Path], TimeProvider.System, Stop);
        Assert.True(verdict.Status is not null, verdict.Fault);
        return verdict.Status.Epoch;
    }

    private StatusSocket Socket(
        Func<byte[]> report, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite) => new(
            new StatusSocketOptions { Path = Path, Mode = mode }, report, TimeProvider.System,
            NullLogger<StatusSocket>.Instance);

    private async Task<StatusSocket> StartedAsync(
        Func<byte[]> report, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var socket = Socket(report, mode);
        await socket.StartAsync(Stop);
        return socket;
    }
}
