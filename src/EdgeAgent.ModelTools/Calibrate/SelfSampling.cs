using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;
using EdgeAgent.Inference.Templates;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Lets a model write the text that it is calibrated on.</summary>
/// <remarks>
/// What a model writes is close to what it was trained on (Liu et al. 2023, LLM-QAT, section 3.1), and needs no file.
/// </remarks>
internal static class SelfSampling
{
    private const float Temperature = 0.9f;

    /// <summary>Texts that are sampled side by side: as many as the memory holds.</summary>
    private const int MaximumSequences = 24;
    private const long MemoryBytes = 1_000_000_000;
    private const long MaximumCacheBytes = 600_000_000;

    /// <summary>Windows of tokens, in a fixed order for the same model and seed.</summary>
    /// <param name="progress">Receives the number of tokens sampled.</param>
    public static List<int[]> Run(
        LoadedPackage package, int windows, int window, int seed, Action<long>? progress, CancellationToken cancel)
    {
        var memory = package.Manifest.Memory;
        var room = Math.Min(MaximumCacheBytes, MemoryBytes - memory.WeightsBytes);
        var sequences = (int)Math.Clamp(
            room / (memory.KvBytesPerToken * (window + 1)), 1, Math.Min(windows, MaximumSequences));
        using var engine = new InferenceEngine(
            package, new EngineOptions { Context = window + 1, Sequences = sequences });
        var texts = new List<int[]>();
        while (texts.Count < windows)
        {
            var count = Math.Min(sequences, windows - texts.Count);
            var group = Enumerable.Range(texts.Count, count)
                .Select(n => new SampledText(engine, Start(package, n), window, seed + n)).ToArray();
            Sample(engine, group, texts.Count, windows, progress, cancel);
            texts.AddRange(group.Select(text => text.Tokens));
        }
        return texts;
    }

    private static void Sample(InferenceEngine engine, SampledText[] group, int before, int windows,
        Action<long>? progress, CancellationToken cancel)
    {
        for (var i = 0; i < group.Length; i++)
        {
            group[i].Begin(i);
        }
        var pasts = new int[group.Length];
        var tokens = new int[group.Length];
        while (group.Any(text => !text.IsFull))
        {
            cancel.ThrowIfCancellationRequested();
            for (var i = 0; i < group.Length; i++)
            {
                // A full text steps in its last place until the others are full too.
                (pasts[i], tokens[i]) = (group[i].Past, group[i].Last);
            }
            engine.Decode(tokens, pasts, level: 0);
            for (var i = 0; i < group.Length; i++)
            {
                group[i].Accept(engine.Logits(i));
            }
            progress?.Invoke((long)before * group[0].Tokens.Length + group.Sum(text => (long)text.Count));
        }
        progress?.Invoke((long)Math.Min(windows, before + group.Length) * group[0].Tokens.Length);
    }

    /// <summary>A question; where a template refuses it or there is none, an opening.</summary>
    private static int[] Start(LoadedPackage package, int number)
    {
        try
        {
            if (package.Manifest.Chat is not null)
            {
                var questions = CalibrationPrompts.Questions;
                return package.EncodePrompt([("user", questions[number % questions.Length])]);
            }
        }
        catch (TemplateException)
        {
            // Some templates want more than one message; the text is as good without.
        }
        var openings = CalibrationPrompts.Openings;
        var tokens = new List<int>();
        package.Tokenizer.Encode(openings[number % openings.Length], tokens);
        return [.. tokens];
    }

    /// <summary>One text in the making.</summary>
    private sealed class SampledText(
        InferenceEngine engine, int[] start, int window, int seed)
    {
        private readonly Sampler _sampler = new(
            new SamplingOptions { Temperature = Temperature, Seed = seed }, engine.VocabularySize);

        public int[] Tokens { get; } = new int[window];

        public int Count { get; private set; }

        public bool IsFull => Count == Tokens.Length;

        public int Past => Math.Min(Count, Tokens.Length) - 1;

        public int Last => Tokens[Count - 1];

        /// <summary>Computes the start in the sequence's own row of the cache, and draws its first token.</summary>
        public void Begin(int sequence)
        {
            Count = Math.Min(start.Length, window - 1);
            start.AsSpan(0, Count).CopyTo(Tokens);
            engine.Prefill(sequence, Tokens.AsSpan(0, Count), level: 0);
            Accept(engine.Logits(0));
        }

        public void Accept(ReadOnlySpan<float> logits)
        {
            if (!IsFull)
            {
                Tokens[Count++] = _sampler.Sample(logits);
            }
        }
    }
}
