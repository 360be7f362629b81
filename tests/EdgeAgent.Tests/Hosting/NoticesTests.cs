using EdgeAgent.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Hosting;

public sealed class NoticesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_notice_arrives_over_a_path_and_over_an_abstract_socket(bool isAbstract)
    {
        using var systemd = new NotifySocket(isAbstract);
        var notices = systemd.Notices;

        Assert.True(notices.IsEnabled);
        notices.Ready();
        notices.Stopping();
        notices.Watchdog();
        notices.Status("nano@1.0.0 · ready");
        notices.ExtendTimeout(TimeSpan.FromSeconds(30));

        foreach (var sent in new[] { "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=nano@1.0.0 · ready",
            "EXTEND_TIMEOUT_USEC=30000000" })
        {
            Assert.Equal(sent, await systemd.ReceiveAsync());
        }
    }

    [Fact]
    public void Outside_of_systemd_a_notice_goes_nowhere_and_counts_as_sent()
    {
        var notices = new Notices(new SystemdNotifier(), NullLogger<Notices>.Instance);

        Assert.False(notices.IsEnabled);
        Assert.True(notices.Watchdog());
    }

    [Fact]
    public void A_socket_that_went_away_is_logged_once_and_stops_nothing()
    {
        using var systemd = new NotifySocket();
        var log = new LogLines<Notices>();
        var notices = systemd.NoticesLoggedBy(log);
        systemd.Close();

        Assert.False(notices.Watchdog());
        Assert.False(notices.Watchdog());

        Assert.Single(log.Lines);
    }
}
