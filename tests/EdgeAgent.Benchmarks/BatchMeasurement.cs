using System.Globalization;
using EdgeAgent.Inference;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Benchmarks;

/// <summary>What computing requests together brings where several came at once.</summary>
/// <remarks>
/// The agent's own loop answers them with 1, 2, 4 … sequences by turns in one process, so that another process's load
/// hits all alike.
/// </remarks>
internal static class BatchMeasurement
{
    private const int Requests = 16;
    private const int AnswerTokens = 64;

    public static int Run(string[] arguments)
    {
        var rounds = Arguments.Number(arguments, "--rounds", 10);
        var most = Arguments.Number(arguments, "--sequences", 8);
        using var folder = new TemporaryFolder();
        using var model = ServedModel.Load(
            EndlessPackage.Copy(Arguments.Model(arguments), folder),
            new EngineOptions { Threads = Arguments.Number(arguments, "--threads", 0), Sequences = most });
        Measure(model, most, rounds);
        return 0;
    }

    private static void Measure(ServedModel model, int most, int rounds)
    {
        var counts = new List<int>();
        for (var sequences = 1; sequences <= most; sequences *= 2)
        {
            counts.Add(sequences);
            AnswerAll(model, sequences);
        }
        var seconds = counts.ConvertAll(_ => new List<double>());
        var answered = counts.ConvertAll(_ => new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < counts.Count; i++)
            {
                var (all, mean) = AnswerAll(model, counts[i]);
                seconds[i].Add(all);
                answered[i].Add(mean);
            }
        }
        Console.WriteLine($"{model.Name}, {Requests} requests at once, {AnswerTokens} tokens each, {rounds} rounds");
        Console.WriteLine("| sequences | tok/s of all | to 1 | mean time to an answer, s | to 1 |");
        Console.WriteLine("|---|---|---|---|---|");
        var (allAlone, meanAlone) = (Median.Of(seconds[0]), Median.Of(answered[0]));
        for (var i = 0; i < counts.Count; i++)
        {
            var (all, mean) = (Median.Of(seconds[i]), Median.Of(answered[i]));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {counts[i]} | {Requests * AnswerTokens / all:0} | {allAlone / all:0.00} ")
                + string.Create(CultureInfo.InvariantCulture, $"| {mean:0.000} | {mean / meanAlone:0.00} |"));
        }
    }

    /// <returns>Seconds to the last answer, and the mean over all answers.</returns>
    private static (double All, double Mean) AnswerAll(ServedModel model, int sequences)
    {
        var plan = new PlanInForce { Plan = new PruningPlan { Sequences = sequences } };
        var queue = new PromptQueue(Requests, plan);
        var loop = new InferenceLoop(queue, plan, new ServingCounters(), new EnergyMeter(TimeProvider.System),
            TimeProvider.System, NullLogger<InferenceLoop>.Instance);
        using var stop = new CancellationTokenSource();
        var tickets = Enumerable.Range(0, Requests).Select(Ticket).ToArray();
        Array.ForEach(tickets, ticket => queue.TryAdd(ticket));
        var ended = new double[Requests];
        var start = TimeProvider.System.GetTimestamp();
        loop.Run(model, () =>
        {
            var left = 0;
            for (var i = 0; i < tickets.Length; i++)
            {
                if (!tickets[i].Result.IsCompleted)
                {
                    left++;
                }
                else if (ended[i] == 0)
                {
                    ended[i] = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
                }
            }
            if (left == 0)
            {
                stop.Cancel();
            }
        }, TimeSpan.FromMilliseconds(1), stop.Token);
        return (ended.Max(), ended.Average());
    }

    private static PromptTicket Ticket(int number) => new(
        new PromptRequest
        {
            Messages = [("user", $"{LevelTuning.PromptText}{LevelTuning.PromptText}{number}")],
            MaximumTokens = AnswerTokens,
            Timeout = TimeSpan.FromMinutes(10),
        }, TimeProvider.System);
}
