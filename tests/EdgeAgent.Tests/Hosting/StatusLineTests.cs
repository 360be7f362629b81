using EdgeAgent.Hosting;

namespace EdgeAgent.Tests.Hosting;

public sealed class StatusLineTests
{
    [Fact]
    public void Parts_stand_in_one_order_whoever_set_them_first()
    {
        var line = new StatusLine();
        line.Set(StatusPart.Speed, "142 tok/s");
        line.Set(StatusPart.Broker, "broker site1:1883 connected");
        line.Set(StatusPart.Model, "nano@1.0.0");

        Assert.Equal("nano@1.0.0 · broker site1:1883 connected · 142 tok/s", line.Text);
        line.Set(StatusPart.Speed, null);
        Assert.Equal("nano@1.0.0 · broker site1:1883 connected", line.Text);
    }

    [Fact]
    public void A_part_with_line_feeds_cannot_send_another_notice()
    {
        var line = new StatusLine();
        line.Set(StatusPart.Model, "nano\nWATCHDOG=1\n" + new string('x', 1000));

        Assert.DoesNotContain('\n', line.Text);
        Assert.InRange(line.Text.Length, 1, 201);
    }

    [Fact]
    public async Task The_line_is_sent_when_it_changed_and_idle_seconds_count_as_beats()
    {
        using var systemd = new NotifySocket();
        var clock = new ManualClock();
        var beats = new LoopBeats(TimeSpan.FromSeconds(30));
        var line = new StatusLine();
        line.Set(StatusPart.State, "ready");
        using var worker = new StatusLineWorker(line, systemd.Notices, beats, clock);
        await worker.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal("STATUS=ready", await systemd.ReceiveAsync());

        var beat = Assert.Single(beats.Loops);
        beat.Clear();
        await clock.AdvanceAsync(TimeSpan.FromSeconds(1));
        line.Set(StatusPart.Queue, "queue 1");
        await clock.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.Equal("STATUS=ready · queue 1", await systemd.ReceiveAsync());
        Assert.True(beat.HasBeaten);
        Assert.False(systemd.HasMore);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(beats.Loops);
    }
}
