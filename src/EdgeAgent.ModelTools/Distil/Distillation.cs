using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Distil;

/// <summary>Trains the levels of a ladder, one after the other, on the calibration text.</summary>
internal static class Distillation
{
    /// <summary>Windows of text in one step.</summary>
    private const int Batch = 4;

    /// <summary>How far a weight moves in the first steps, in units of its matrix's weights.</summary>
    private const float Rate = 0.005f;

    /// <summary>Steps until the rate is reached; from there it falls to nothing.</summary>
    private const int WarmUp = 3;

    /// <summary>What training may keep in memory beside a layer; larger models keep what least squares
    /// gives.</summary>
    private const long MaximumBytes = 1_000_000_000;

    private const int Seed = 20_261;

    /// <summary>Whether the model is small enough to be trained here.</summary>
    public static bool Fits(DecoderConfig model, IReadOnlyList<IReadOnlyList<int>> levels)
    {
        long hidden = model.HiddenSize;
        var matrices = levels.Skip(1).Sum(level => level.Sum(width => (long)width));
        // Three more arrays for the level that is trained.
        var work = 3L * levels.Skip(1).Select(level => level.Sum(width => (long)width)).DefaultIfEmpty().Max();
        var texts = Batch * (model.Layers + 4L);
        return sizeof(float) * hidden
            * (matrices + work + (texts * CalibrationText.Window) + model.VocabularySize) <= MaximumBytes;
    }

    /// <param name="tensors">The model, its channels in the order in which levels keep them.</param>
    /// <param name="levels">FFN channels for each level and layer.</param>
    /// <param name="folder">For what is too much for the memory.</param>
    /// <param name="progress">Receives how many steps are done of all.</param>
    public static LevelDowns Run(DecoderConfig model, ITensorSource tensors, IReadOnlyList<int[]> windows,
        IReadOnlyList<IReadOnlyList<int>> levels, int steps, string folder, Action<int, int>? progress,
        CancellationToken cancel)
    {
        using var rotary = new RotaryTables(model.Rotary, CalibrationText.Window);
        using var texts = new ResidualFile(folder, EmbeddedText.Of(model, tensors, windows));
        using var whole = new ResidualFile(folder, Enumerable.Range(0, texts.Count).Select(i => texts[i]));
        var downs = LevelDowns.Solve(model, tensors, rotary, levels, whole, cancel);
        using var answers = new AnswerGradient(model, tensors);
        var (random, done) = (new Random(Seed), 0);
        for (var level = 1; level < levels.Count; level++)
        {
            // Levels that keep as many channels of a layer share its down projection: the first of them trains it.
            var trained = Enumerable.Range(0, model.Layers).Where(layer =>
                levels.Take(level).All(before => before[layer] != levels[level][layer])).ToHashSet();
            if (trained.Count == 0)
            {
                continue;
            }
            var training = new LevelTraining(model, tensors, rotary, levels[level], downs, trained);
            var order = new Queue<int>();
            for (var step = 0; step < steps; step++)
            {
                var batch = Next(order, texts.Count, random);
                var rate = Rate * Math.Min(1, (step + 1f) / WarmUp) * (1 - ((float)step / steps));
                training.Step(answers, Array.ConvertAll(batch, i => texts[i]), Array.ConvertAll(batch, i => whole[i]),
                    rate, cancel);
                progress?.Invoke(++done, steps * (levels.Count - 1));
            }
        }
        return downs;
    }

    /// <summary>The next windows of an order in which each stands once; then another order.</summary>
    private static int[] Next(Queue<int> order, int count, Random random)
    {
        if (order.Count < Math.Min(Batch, count))
        {
            order.Clear();
            int[] mixed = [.. Enumerable.Range(0, count)];
            random.Shuffle(mixed);
            Array.ForEach(mixed, order.Enqueue);
        }
        return [.. Enumerable.Range(0, Math.Min(Batch, count)).Select(_ => order.Dequeue())];
    }
}
