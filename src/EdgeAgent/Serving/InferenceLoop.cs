using EdgeAgent.Pruning;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>The one loop that runs the model: takes requests from the queue and answers as many as the plan wants
/// together.</summary>
internal sealed class InferenceLoop(
    PromptQueue queue, PlanInForce inForce, ServingCounters counters, EnergyMeter energy, TimeProvider time,
    ILogger<InferenceLoop> logger)
{
    private readonly BatchParts _parts =
        new(inForce, new Pauses(inForce, time), energy, counters, queue.Pause, time);

    private volatile PromptBatch? _batch;

    /// <summary>The requests that are computed now; any thread.</summary>
    public IReadOnlyList<PromptTicket> Running => _batch?.Tickets ?? [];

    /// <summary>Runs until told to stop; requests that run then are finished, those that wait are refused.</summary>
    /// <param name="beat">Called at every token and at least once within <paramref name="longestSilence"/>.</param>
    public void Run(ServedModel model, Action beat, TimeSpan longestSilence, CancellationToken stop)
    {
        using var wake = stop.UnsafeRegister(_ => queue.Wake(), null);
        var batch = Begin(model, beat);
        while (!stop.IsCancellationRequested)
        {
            if (batch.IsEmpty)
            {
                beat();
                model.Sessions.Tend(inForce.Plan);
            }
            var patience = batch.IsEmpty ? longestSilence : TimeSpan.Zero;
            if (batch.HasRoom && queue.Take(patience, batch.LastLane) is { } ticket)
            {
                batch.Add(ticket);
            }
            if (!batch.IsEmpty)
            {
                batch.Step();
            }
            if (batch.IsEmpty && inForce.Plan.FreeCaches)
            {
                model.Engine.Clear();
            }
        }
        Finish(batch);
        foreach (var ticket in queue.Close())
        {
            ticket.Complete(Stopping());
        }
    }

    /// <summary>Ends the requests that run, because the agent cannot wait for them any longer.</summary>
    public void Abandon()
    {
        foreach (var ticket in Running)
        {
            ticket.Interrupt(Stopping());
        }
    }

    /// <summary>Answers one request on this thread; whatever happens, it gets a result.</summary>
    public PromptResult Answer(ServedModel model, PromptTicket ticket, Action beat)
    {
        var batch = Begin(model, beat);
        batch.Add(ticket);
        Finish(batch);
        return ticket.Result.GetAwaiter().GetResult();
    }

    private static void Finish(PromptBatch batch)
    {
        while (!batch.IsEmpty)
        {
            batch.Step();
        }
    }

    private static PromptRefusal Stopping() =>
        new(ServingFault.ShuttingDown, "The agent is stopping. Send the request again.");

    private PromptBatch Begin(ServedModel model, Action beat)
    {
        model.Sessions.Prepared = queue.Wake;
        return _batch = new PromptBatch(model, _parts, beat, logger);
    }
}
