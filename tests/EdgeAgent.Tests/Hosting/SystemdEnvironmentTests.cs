using System.Net.Sockets;
using EdgeAgent.Hosting;

namespace EdgeAgent.Tests.Hosting;

public sealed class SystemdEnvironmentTests
{
    [Theory]
    [InlineData("30000000", null, 30.0)]
    [InlineData("30000000", "77", 30.0)]
    [InlineData("30000000", "78", null)]
    [InlineData("0", "77", null)]
    [InlineData("-5", "77", null)]
    [InlineData("soon", "77", null)]
    [InlineData("99999999999999999999", "77", null)]
    [InlineData(null, null, null)]
    public void A_watchdog_counts_where_it_waits_for_this_very_process(
        string? microseconds, string? owner, double? seconds)
    {
        var variables = new Dictionary<string, string?>
        {
            ["WATCHDOG_USEC"] = microseconds,
            ["WATCHDOG_PID"] = owner,
        };

        var systemd = SystemdEnvironment.Read(name => variables.GetValueOrDefault(name), processId: 77);

        Assert.Equal(seconds, systemd.WatchdogInterval?.TotalSeconds);
    }

    [Theory]
    [InlineData("/run/edge-agent", "/run/edge-agent")]
    [InlineData("/run/edge-agent:/run/other", "/run/edge-agent")]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void The_runtime_folder_is_the_first_that_systemd_names(string? variable, string? folder) =>
        Assert.Equal(folder, SystemdEnvironment.Read(
            name => name == "RUNTIME_DIRECTORY" ? variable : null, processId: 77).RuntimeFolder);

    [Fact]
    public void A_descriptor_is_the_journal_only_where_it_is_the_socket_that_the_variable_names()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var descriptor = (int)socket.Handle;
        var inode = new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget!["socket:[".Length..^1];

        Assert.True(new SystemdEnvironment { JournalStream = $"8:{inode}" }.IsJournal(descriptor));
        Assert.False(new SystemdEnvironment { JournalStream = "8:1" }.IsJournal(descriptor));
        Assert.False(new SystemdEnvironment { JournalStream = "garbage" }.IsJournal(descriptor));
        Assert.False(new SystemdEnvironment().IsJournal(descriptor));
    }
}
