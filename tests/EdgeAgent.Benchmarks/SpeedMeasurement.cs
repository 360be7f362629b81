using System.Diagnostics;
using System.Globalization;
using EdgeAgent.Inference;

namespace EdgeAgent.Benchmarks;

/// <summary>Tokens per second of decode and prefill at every level; the median of short rounds.</summary>
internal static class SpeedMeasurement
{
    private const int Past = 100;
    private const int DecodeTokens = 100;
    private const int PrefillTokens = 256;

    /// <summary>Without --threads: one table for one and two threads, each in a process of its own.</summary>
    public static int Run(string[] arguments)
    {
        var model = Arguments.Model(arguments);
        var seconds = Arguments.Number(arguments, "--seconds", 3);
        if (Arguments.Number(arguments, "--threads", 0) is > 0 and var threads)
        {
            Measure(model, threads, seconds);
            return 0;
        }
        Console.WriteLine($"decode: {DecodeTokens} tokens from a past of {Past}; prefill: {PrefillTokens} tokens.");
        Console.WriteLine("| threads | level | decode tok/s | to level 0 | prefill tok/s | to level 0 |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var count in new[] { 1, 2 })
        {
            Console.WriteLine(Arguments.RunAlone("speed", "--model", model, "--seconds", $"{seconds}", "--threads",
                $"{count}"));
        }
        return 0;
    }

    private static void Measure(string path, int threads, int seconds)
    {
        using var package = LoadedPackage.Open(path);
        using var engine = new InferenceEngine(package,
            new EngineOptions { Threads = threads, ChunkTokens = PrefillTokens });
        var tokens = Turns.Tokens(PrefillTokens);
        var (decodes, prefills) = (new List<double>[engine.LevelCount], new List<double>[engine.LevelCount]);
        for (var level = 0; level < engine.LevelCount; level++)
        {
            (decodes[level], prefills[level]) = ([], []);
            engine.Open(level);
        }
        // The levels take turns, so that another process's load hits all of them alike.
        var start = Stopwatch.GetTimestamp();
        for (var round = 0;
            round < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds * engine.LevelCount; round++)
        {
            for (var level = 0; level < engine.LevelCount; level++)
            {
                prefills[level].Add(PrefillTokens / Seconds(() => engine.Extend(0, tokens, 0, level)));
                decodes[level].Add(DecodeTokens / Seconds(() => Decode(engine, level)));
            }
        }
        var (fullDecode, fullPrefill) = (Median.Of(decodes[0]), Median.Of(prefills[0]));
        for (var level = 0; level < engine.LevelCount; level++)
        {
            var (decode, prefill) = (Median.Of(decodes[level]), Median.Of(prefills[level]));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {threads} | {level} | {decode:0} "
                + $"| {decode / fullDecode:0.00} | {prefill:0} | {prefill / fullPrefill:0.00} |"));
        }
    }

    private static void Decode(InferenceEngine engine, int level)
    {
        for (var i = 0; i < DecodeTokens; i++)
        {
            engine.Decode([5 + i], [Past + i], level);
        }
    }

    private static double Seconds(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
