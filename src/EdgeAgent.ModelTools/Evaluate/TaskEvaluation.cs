using EdgeAgent.Inference;

namespace EdgeAgent.ModelTools.Evaluate;

/// <summary>Exact-match accuracy of one level, over all tasks and for each kind of task.</summary>
public sealed record LevelAccuracy(int Level, double Accuracy, IReadOnlyDictionary<string, double> Tasks);

/// <summary>Answers tasks greedily and compares each whole answer with the expected one.</summary>
public static class TaskEvaluation
{
    /// <summary>A longer answer than any expected one cannot be right.</summary>
    private const int SpareTokens = 8;

    /// <param name="progress">Receives the number of tasks done.</param>
    /// <exception cref="InferenceException">A task does not fit into the context.</exception>
    public static LevelAccuracy Run(
        LoadedPackage package, InferenceEngine engine, IReadOnlyList<EvaluationTask> tasks, int level,
        Action<long>? progress = null, CancellationToken cancel = default)
    {
        var right = new SortedDictionary<string, (int Right, int All)>(StringComparer.Ordinal);
        for (var i = 0; i < tasks.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var (done, all) = right.GetValueOrDefault(tasks[i].Task);
            var isRight = Answer(package, engine, tasks[i], level) == tasks[i].Expected;
            right[tasks[i].Task] = (done + (isRight ? 1 : 0), all + 1);
            progress?.Invoke(i + 1);
        }
        return new LevelAccuracy(level, Share(right.Values.Sum(c => c.Right), tasks.Count),
            right.ToDictionary(pair => pair.Key, pair => Share(pair.Value.Right, pair.Value.All)));
    }

    /// <summary>The greedy answer to a task, every step at one level.</summary>
    public static string Answer(LoadedPackage package, InferenceEngine engine, EvaluationTask task, int level)
    {
        var expected = new List<int>();
        package.Tokenizer.Encode(task.Expected, expected);
        var generation = new Generation(package.Tokenizer, package.Manifest.StopTokens, engine.VocabularySize,
            package.EncodePrompt(task.Messages.Select(m => (m.Role, m.Content))), engine.Context,
            new GenerationOptions { MaximumTokens = expected.Count + SpareTokens });
        engine.Prefill(0, generation.Prompt, level);
        generation.Accept(engine.Logits(0));
        while (generation.End == GenerationEnd.None)
        {
            engine.Decode([generation.Token], [generation.Length - 1], level);
            generation.Accept(engine.Logits(0));
        }
        return generation.Text();
    }

    private static double Share(int part, int all) => Math.Round((double)part / all, 4);
}
