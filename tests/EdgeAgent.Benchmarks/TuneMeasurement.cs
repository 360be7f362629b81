using System.Globalization;
using EdgeAgent.Inference;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Benchmarks;

/// <summary>What `tune` says of each level's speed, against answers of the agent's own loop at that level.</summary>
/// <remarks>
/// Turns of `tune` and answers of <see cref="InferenceLoop"/> alternate in one process, over prompts and answers of the
/// same length, so that another process's load hits both alike; the ratio of the two medians is the figure.
/// </remarks>
internal static class TuneMeasurement
{
    public static int Run(string[] arguments)
    {
        var rounds = Arguments.Number(arguments, "--rounds", 40);
        using var folder = new TemporaryFolder();
        Measure(EndlessPackage.Copy(Arguments.Model(arguments), folder),
            Arguments.Number(arguments, "--threads", 0), rounds);
        return 0;
    }

    private static void Measure(string path, int threads, int rounds)
    {
        using var model = ServedModel.Load(path, new EngineOptions { Threads = threads });
        var energy = new EnergyMeter(TimeProvider.System);
        var tuning = new LevelTuning(model, energy, TimeProvider.System);
        var plan = new PlanInForce();
        var loop = new InferenceLoop(new PromptQueue(1, plan), plan, new ServingCounters(), energy,
            TimeProvider.System, NullLogger<InferenceLoop>.Instance);
        var prompt = Prompt(model);
        var (decodes, prefills) = (new List<double>[tuning.LevelCount], new List<double>[tuning.LevelCount]);
        for (var level = 0; level < tuning.LevelCount; level++)
        {
            (decodes[level], prefills[level]) = ([], []);
            tuning.Open(level);
            Answer(model, loop, prompt, level);
        }
        for (var round = 0; round < rounds; round++)
        {
            tuning.Round(TimeSpan.Zero, CancellationToken.None);
            for (var level = 0; level < tuning.LevelCount; level++)
            {
                var answer = Answer(model, loop, prompt, level);
                // The first token of an answer comes out of the prompt's last step.
                decodes[level].Add((answer.CompletionTokens - 1) / answer.CompletionTime.TotalSeconds);
                prefills[level].Add(answer.PromptTokens / answer.PromptTime.TotalSeconds);
            }
        }
        var tuned = tuning.Result();
        Console.WriteLine($"{tuned.Model}, {tuned.Threads} threads, {rounds} rounds");
        Console.WriteLine("| level | tune tok/s | answers tok/s | ratio | tune prompt tok/s | answers | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var level in tuned.Levels)
        {
            var (decode, prefill) = (Median.Of(decodes[level.Level]), Median.Of(prefills[level.Level]));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {level.Level} | {level.DecodeTokensPerSecond:0.0} | {decode:0.0} ")
                + string.Create(CultureInfo.InvariantCulture, $"| {decode / level.DecodeTokensPerSecond:0.000} ")
                + string.Create(CultureInfo.InvariantCulture, $"| {level.PromptTokensPerSecond:0} | {prefill:0} ")
                + string.Create(CultureInfo.InvariantCulture, $"| {prefill / level.PromptTokensPerSecond:0.000} |"));
        }
    }

    /// <summary>A text that makes a prompt of about as many tokens as `tune` takes.</summary>
    private static string Prompt(ServedModel model)
    {
        var prompt = string.Concat(Enumerable.Repeat(LevelTuning.PromptText, LevelTuning.PromptTokens / 8));
        while (model.Package.EncodePrompt([("user", prompt)]).Length > LevelTuning.PromptTokens)
        {
            prompt = prompt[..^4];
        }
        return prompt;
    }

    /// <summary>One answer of the product's own loop, pinned to a level, of the length that `tune` takes.</summary>
    private static PromptAnswer Answer(ServedModel model, InferenceLoop loop, string prompt, int level)
    {
        var ticket = new PromptTicket(new PromptRequest
        {
            Messages = [("user", prompt)],
            MaximumTokens = LevelTuning.AnswerTokens,
            Levels = (level, level),
            Timeout = TimeSpan.FromMinutes(10),
        }, TimeProvider.System);
        return loop.Answer(model, ticket, beat: () => { }) as PromptAnswer
            ?? throw new InvalidOperationException("The loop gave no answer.");
    }
}
