using EdgeAgent.Inference;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Pruning;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>The one loop that runs the model: takes request after request from the queue and answers each.</summary>
internal sealed partial class InferenceLoop(
    PromptQueue queue, PlanInForce inForce, ServingCounters counters, EnergyMeter energy, TimeProvider time,
    ILogger<InferenceLoop> logger)
{
    /// <summary>When a prompt that needs more memory than there is may come again.</summary>
    private static readonly TimeSpan MemoryPatience = TimeSpan.FromSeconds(30);

    private readonly Pauses _pauses = new(inForce, time);
    private volatile PromptTicket? _running;

    /// <summary>The request that runs now, or null.</summary>
    public PromptRequest? Running => _running?.Request;

    /// <summary>Runs until told to stop; the request that runs then is finished, those that wait are refused.</summary>
    /// <param name="beat">Called at every token and at least once within <paramref name="longestSilence"/>.</param>
    public void Run(ServedModel model, Action beat, TimeSpan longestSilence, CancellationToken stop)
    {
        using var wake = stop.UnsafeRegister(_ => queue.Wake(), null);
        model.Sessions.Prepared = queue.Wake;
        while (!stop.IsCancellationRequested)
        {
            beat();
            model.Sessions.Tend(inForce.Plan);
            if (queue.Take(longestSilence) is { } ticket)
            {
                ticket.Complete(Answer(model, ticket, beat));
            }
            if (inForce.Plan.FreeCaches)
            {
                model.Engine.Clear();
            }
        }
        foreach (var ticket in queue.Close())
        {
            ticket.Complete(Stopping());
        }
    }

    /// <summary>Ends the request that runs, because the agent cannot wait for it any longer.</summary>
    public void Abandon() => _running?.Interrupt(Stopping());

    /// <summary>Answers one request on this thread; whatever happens, it gets a result.</summary>
    public PromptResult Answer(ServedModel model, PromptTicket ticket, Action beat)
    {
        _running = ticket;
        var account = energy.Begin();
        try
        {
            var result = new PromptRun(model, ticket, inForce, _pauses, beat, time).Run();
            if (result is not PromptAnswer answer)
            {
                return result;
            }
            counters.Add(answer);
            return answer with { Energy = energy.End(account, answer.CompletionTokens) };
        }
        catch (InferenceException error) when (
            error.Fault == InferenceFault.ContextExceeded && inForce.Plan.ContextShare < 1)
        {
            return new PromptRefusal(ServingFault.Overloaded,
                $"Memory is short on this board, so contexts are short too. {error.Message} Send it again later.",
                MemoryPatience);
        }
        catch (InferenceException error) when (error.Fault == InferenceFault.ContextExceeded)
        {
            return new PromptRefusal(ServingFault.ContextExceeded, error.Message);
        }
        catch (TemplateException error)
        {
            return new PromptRefusal(ServingFault.PromptRefused,
                $"The model's chat template does not take these messages: {error.Message}");
        }
#pragma warning disable CA1031 // One unit of work: whatever a request breaks, the next one is answered.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogFailed(error);
            return new PromptRefusal(ServingFault.Failed,
                $"The model could not answer ({error.GetType().Name}); the agent's log has the details.");
        }
        finally
        {
            // What became no answer used energy too; an account that has ended already is left alone.
            energy.End(account, tokens: 0);
            _running = null;
        }
    }

    private static PromptRefusal Stopping() =>
        new(ServingFault.ShuttingDown, "The agent is stopping. Send the request again.");

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed")]
    private partial void LogFailed(Exception error);
}
