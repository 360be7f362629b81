using EdgeAgent.Hosting;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using Microsoft.Extensions.Hosting;

namespace EdgeAgent.Serving;

/// <summary>Keeps the plan in force: reads board and queue at every interval and lets the governor decide.</summary>
/// <remarks>On a thread of its own: a slow driver must not hold up answers, nor they the reading.</remarks>
internal sealed class PlanWorker(
    Board board, QueueReadings queue, Governor governor, PlanInForce inForce, LoopBeats beats, TimeProvider time)
    : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        LoopThread.RunAsync("pruning", () => RunAsync(stoppingToken));

    private async Task RunAsync(CancellationToken stop)
    {
        var beat = beats.Register("pruning");
        var pause = beats.PauseUpTo(governor.Interval);
        while (!stop.IsCancellationRequested)
        {
            beat.Beat();
            queue.Push();
            inForce.Plan = governor.Update(board.Read());
            await Task.Delay(pause, time, stop).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        beat.End();
    }
}
