using EdgeAgent.Inference.Sampling;

namespace EdgeAgent.Tests.Inference.Sampling;

/// <summary>Temperature, top-k and top-p written down plainly: sort, cut, normalise.</summary>
internal static class SortedSampling
{
    /// <summary>The probability of each id.</summary>
    public static double[] Probabilities(float[] logits, SamplingOptions options)
    {
        var largest = logits.Max();
        var candidates = logits.Select((logit, id) =>
            (Id: id, Weight: Math.Exp((logit - largest) / (double)options.Temperature)))
            .OrderByDescending(c => c.Weight).ToList();
        if (options.TopK > 0)
        {
            candidates = candidates.Take(options.TopK).ToList();
        }
        var mass = candidates.Sum(c => c.Weight);
        var kept = 0;
        for (var sum = 0.0; options.TopP < 1 && kept < candidates.Count
            && (kept == 0 || sum < options.TopP * mass); kept++)
        {
            sum += candidates[kept].Weight;
        }
        candidates = options.TopP < 1 ? candidates.Take(kept).ToList() : candidates;
        var probabilities = new double[logits.Length];
        foreach (var (id, weight) in candidates)
        {
            probabilities[id] = weight / candidates.Sum(c => c.Weight);
        }
        return probabilities;
    }
}
