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
        var (level, running) = (Math.Min(plan.Level, model.HighestLevel), loop.Running);
        var places = Math.Min(model.Engine.Sequences, plan.Sequences);
        var together = Math.Min(places, running.Count + waiting.Count);
        // When each sequence is free for the next request, and when the prompts are computed: one at a time is.
        var free = new PriorityQueue<int, double>(Enumerable.Repeat((0, 0.0), places));
        var promptsDone = 0.0;
        for (var i = 0; i < running.Count + waiting.Count; i++)
        {
            var ticket = i < running.Count ? running[i] : waiting[i - running.Count];
            if (Needs(model, ticket.Request, level, together) is not { } needs)
            {
                return null;
            }
            // What runs counts as if its answer had just begun: how far it is, only its own thread knows.
            var prompt = i < running.Count - 1 ? 0 : needs.Prompt / plan.Pace;
            free.TryDequeue(out _, out var place);
            promptsDone = Math.Max(place, promptsDone) + prompt;
            var done = promptsDone + (needs.Answer / plan.Pace);
            free.Enqueue(0, done);
            var left = (ticket.Request.Timeout - ticket.Age).TotalSeconds;
            // What no level answers in time must not cost the others their quality.
            var least = i < running.Count ? null : Needs(model, ticket.Request, model.HighestLevel, together: 1);
            if (least is { } seconds && seconds.Prompt + seconds.Answer < left)
            {
                tightest = Math.Min(tightest ?? double.MaxValue, left - done);
            }
        }
        return tightest;
    }

    /// <summary>Seconds of prompt and answer where so many are computed together; null: unknown.</summary>
    private static (double Prompt, double Answer)? Needs(
        ServedModel model, PromptRequest request, int level, int together)
    {
        var characters = 0;
        foreach (var (_, content) in request.Messages)
        {
            characters += content.Length;
        }
        var tokens = Math.Min(request.MaximumTokens, Math.Max(model.Speeds.AnswerTokens, 1));
        return model.Speeds.Prompt(level, (double)characters / CharactersPerToken, together) is { } prompt
            && model.Speeds.Answer(level, tokens, together) is { } answer ? (prompt, answer) : null;
    }
}
