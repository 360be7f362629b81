using Microsoft.Extensions.Hosting;

namespace EdgeAgent.Hosting;

/// <summary>The parts of the status line, in the order in which people read them.</summary>
internal enum StatusPart
{
    /// <summary><c>nano@1.0.0</c></summary>
    Model,

    /// <summary><c>loading</c>, <c>ready</c>, <c>stopping</c></summary>
    State,

    /// <summary><c>level 0</c></summary>
    Level,

    /// <summary><c>broker site1:1883 connected</c></summary>
    Broker,

    /// <summary><c>queue 0</c></summary>
    Queue,

    /// <summary><c>142 tok/s</c></summary>
    Speed,
}

/// <summary>The one line that <c>systemctl status</c> shows, put together from what the rooms know.</summary>
internal sealed class StatusLine
{
    // systemctl cuts at the terminal's width anyway.
    private const int MaxLength = 200;

    private readonly string?[] _parts = new string?[Enum.GetValues<StatusPart>().Length];

    /// <summary>Sets one part; null or empty takes it away. Any thread, no lock; shown within a second.</summary>
    public void Set(StatusPart part, string? text) => Volatile.Write(ref _parts[(int)part], text);

    /// <summary>One part as it was set last, or null. Any thread.</summary>
    public string? this[StatusPart part] => Volatile.Read(ref _parts[(int)part]);

    /// <summary>The line of now, as <c>nano@1.0.0 · ready · level 0 · broker site1:1883 connected</c>.</summary>
    public string Text
    {
        get
        {
            var line = string.Join(" · ", _parts.Where(part => !string.IsNullOrEmpty(part)));
            line = string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c));
            return line.Length <= MaxLength ? line : line[..MaxLength] + "…";
        }
    }
}

/// <summary>Sends the status line to systemd when it changed, at most once a second.</summary>
internal sealed class StatusLineWorker(StatusLine line, Notices notices, LoopBeats beats, TimeProvider time)
    : BackgroundService
{
    private string _sent = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!notices.IsEnabled)
        {
            return;
        }
        var beat = beats.Register("status");
        var pause = beats.PauseUpTo(TimeSpan.FromSeconds(1));
        while (!stoppingToken.IsCancellationRequested)
        {
            beat.Beat();
            SendIfChanged();
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        beat.End();
    }

    internal void SendIfChanged()
    {
        var text = line.Text;
        if (text != _sent && notices.Status(text))
        {
            _sent = text;
        }
    }
}
