using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Inference;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Serving;

/// <summary>Short ways to requests, tickets and a loop around the embedded model.</summary>
internal static class Served
{
    public static ServedModel Load(int sequences = 1) => ServedModel.Load(
        NanoPackages.Embedded, new EngineOptions { Threads = RunningModel.Threads, Sequences = sequences });

    /// <summary>Nano with all its levels open, so that a plan holds from the next token on.</summary>
    public static ServedModel LoadOpen(int sequences = 1)
    {
        var model = Load(sequences);
        for (var level = 0; level <= model.HighestLevel; level++)
        {
            model.Engine.Open(level);
        }
        return model;
    }

    public static PlanInForce At(int level) => new() { Plan = new PruningPlan { Level = level } };

    /// <summary>Nano whose answers reach their token limit.</summary>
    public static ServedModel LoadEndless(TemporaryFolder folder, int sequences = 1) => ServedModel.Load(
        EndlessPackage.Copy(NanoPackages.Embedded, folder),
        new EngineOptions { Threads = RunningModel.Threads, Sequences = sequences });

    public static PromptRequest Request(
        string prompt = "Thanks", int tokens = 64, Lane lane = Lane.Normal, TimeSpan? timeout = null,
        SamplingOptions? sampling = null, params string[] stop) => new()
        {
            Messages = [("user", prompt)],
            Lane = lane,
            Timeout = timeout ?? TimeSpan.FromMinutes(5),
            MaximumTokens = tokens,
            Stop = stop,
            Temperature = sampling?.Temperature ?? 0,
            TopP = sampling?.TopP ?? 1,
            TopK = sampling?.TopK ?? 0,
            Seed = sampling?.Seed ?? 0,
        };

    public static PromptTicket Ticket(PromptRequest? request = null, TimeProvider? time = null) =>
        new(request ?? Request(), time ?? TimeProvider.System);

    /// <summary>The result of a request that must have one by now, of this kind.</summary>
    public static T Result<T>(PromptTicket ticket)
    {
        Assert.True(ticket.Result.IsCompletedSuccessfully, "the request got no result");
#pragma warning disable xUnit1031 // It has completed: nothing waits here.
        return Assert.IsType<T>(ticket.Result.GetAwaiter().GetResult());
#pragma warning restore xUnit1031
    }

    public static InferenceLoop Loop(
        PromptQueue queue, PlanInForce? plan = null, ServingCounters? counters = null, EnergyMeter? energy = null) =>
        new(queue, plan ?? new(), counters ?? new(), energy ?? new(TimeProvider.System), TimeProvider.System,
            NullLogger<InferenceLoop>.Instance);
}
