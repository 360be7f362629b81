using EdgeAgent.Pruning;
using EdgeAgent.Sensors;

namespace EdgeAgent.Serving;

/// <summary>Pushes what the queue says of the load into the sensors, where the governor reads it.</summary>
internal sealed class QueueReadings(
    PromptQueue queue, ModelSlot slot, InferenceLoop loop, PlanInForce inForce, PushedReadings pushed)
{
    /// <summary>Characters of a token, roughly: enough to guess a prompt's length before it is encoded.</summary>
    private const int CharactersPerToken = 4;

    /// <summary>Seconds of slack where nothing waits or nothing is known: the longest time to answer.</summary>
    private const double NoDeadline = 3600;

    /// <summary>A few looks; then the figures are unknown, because nobody looks any more.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(2);

    /// <summary>Pushes `queue_delay`, how long the next request has waited, and `deadline_slack`, the seconds that are
    /// left to the tightest deadline when what runs is finished and all that wait are answered in turn, as many at once
    /// as the plan allows.</summary>
    public void Push()
    {
        var waiting = queue.Waiting();
        var delay = TimeSpan.Zero;
        foreach (var ticket in waiting)
        {
            // Batch work waits because it may: that nobody answers it is no strain.
            delay = ticket.Request.Lane != Lane.Batch && ticket.Age > delay ? ticket.Age : delay;
        }
        pushed.Push("queue_delay", delay.TotalSeconds, "seconds", MaxAge, "serving");
        pushed.Push("deadline_slack", Slack(waiting) ?? NoDeadline, "seconds", MaxAge, "serving");
    }

    private double? Slack(IReadOnlyList<PromptTicket> waiting)
    {
        if (slot.Model is not { } model)
        {
            return null;
        }
        var (plan, tightest) = (inForce.Plan, (double?)null);
        var level = Math.Min(plan.Level, model.HighestLevel);
        // When each sequence is free for the next request.
        var free = new PriorityQueue<int, double>();
        foreach (var running in loop.Running)
        {
            // As if it had just begun: how far it is, only its own thread knows.
            free.Enqueue(0, (Seconds(model, running.Request, level) ?? 0) / plan.Pace);
        }
        while (free.Count < Math.Min(model.Engine.Sequences, plan.Sequences))
        {
            free.Enqueue(0, 0);
        }
        foreach (var ticket in waiting)
        {
            var left = (ticket.Request.Timeout - ticket.Age).TotalSeconds;
            if (Seconds(model, ticket.Request, level) is not { } needed || !free.TryDequeue(out _, out var done))
            {
                return null;
            }
            done += needed / plan.Pace;
            free.Enqueue(0, done);
            // What no level answers in time must not cost the others their quality.
            if (Seconds(model, ticket.Request, model.HighestLevel) < left)
            {
                tightest = Math.Min(tightest ?? double.MaxValue, left - done);
            }
        }
        return tightest;
    }

    private static double? Seconds(ServedModel model, PromptRequest request, int level)
    {
        var characters = 0;
        foreach (var (_, content) in request.Messages)
        {
            characters += content.Length;
        }
        var tokens = Math.Min(request.MaximumTokens, Math.Max(model.Speeds.AnswerTokens, 1));
        return model.Speeds.SecondsLeft(level, (double)characters / CharactersPerToken, tokens);
    }
}
