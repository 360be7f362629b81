using EdgeAgent.Hosting;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;

namespace EdgeAgent.Verbs;

/// <summary>Looks at the board's power while a verb computes, on a thread of its own.</summary>
internal sealed class PowerWatch : IAsyncDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private readonly SensorReader _reader;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _looking;

    private PowerWatch(SensorReader reader, EnergyMeter meter, bool hasPower, TimeProvider time)
    {
        (_reader, Meter, HasPower, _time) = (reader, meter, hasPower, time);
        _looking = hasPower ? LoopThread.RunAsync("sensors", LookAsync) : Task.CompletedTask;
    }

    public EnergyMeter Meter { get; }

    /// <summary>Whether the board measures its power at all, known or not.</summary>
    public bool HasPower { get; }

    /// <param name="root">Folder that holds the board's `sys/` and `proc/`.</param>
    public static async Task<PowerWatch> StartAsync(string root, TimeProvider time, CancellationToken cancellation)
    {
        // A verb's work is over in seconds: what is asked once a second while an agent runs is asked at every look.
        var reader = new SensorReader(new SensorOptions { Root = root, FirmwarePause = s_look }, time);
        try
        {
            var meter = new EnergyMeter(time);
            reader.Read();
            // Counters need two readings before they are a power.
            await Task.Delay(s_look, time, cancellation);
            var hasPower = reader.Read().Readings.Any(reading => reading.Name is "board_power" or "soc_power");
            return new PowerWatch(reader, meter, hasPower, time);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Waits so long that what the board draws while it waits is known; at once without a sensor.</summary>
    public Task LearnIdleAsync(CancellationToken cancellation) =>
        // What has just been done (a model was loaded) has to settle first.
        HasPower ? Task.Delay(2 * EnergyMeter.Settling, _time, cancellation) : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _looking;
        _reader.Dispose();
        _ended.Dispose();
    }

    private async Task LookAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            Meter.Observe(_reader.Read());
            await Task.Delay(s_look, _time, _ended.Token).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }
}
