using System.Numerics.Tensors;
using EdgeAgent.Inference;

namespace EdgeAgent.Tests.Inference;

/// <summary>A package with an engine of several rows, and the short ways through it that tests take.</summary>
internal sealed class RunningModel : IDisposable
{
    /// <summary>One: threads that spin for each other crawl on a machine with other work.</summary>
    public const int Threads = 1;

    public const int Sequences = 4;
    public const int LogitRows = 16;

    private RunningModel(LoadedPackage package, InferenceEngine engine) => (Package, Engine) = (package, engine);

    public LoadedPackage Package { get; }

    public InferenceEngine Engine { get; }

    public static RunningModel Load(string path, EngineOptions? options = null)
    {
        var package = LoadedPackage.Open(path);
        return new RunningModel(package, new InferenceEngine(package,
            options ?? new EngineOptions { Threads = Threads, Sequences = Sequences, LogitRows = LogitRows }));
    }

    /// <summary>Feeds each token alone at a level of its own, and leaves the last one's logits.</summary>
    public void FeedOneByOne(int sequence, ReadOnlySpan<int> tokens, ReadOnlySpan<int> levels)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            Engine.Extend(sequence, tokens.Slice(i, 1), i, levels[i]);
        }
    }

    public int Likeliest(int row = 0) => TensorPrimitives.IndexOfMax<float>(Engine.Logits(row));

    /// <summary>The greedy answer; its k-th token is consumed at <paramref name="levelOf"/>(k).</summary>
    public int[] Greedy(int[] prompt, int promptLevel, Func<int, int> levelOf, int limit = 400)
    {
        var answer = new List<int>();
        Engine.Prefill(0, prompt, promptLevel);
        while (true)
        {
            answer.Add(Likeliest());
            if (Package.Manifest.StopTokens.Contains(answer[^1]) || answer.Count == limit)
            {
                return [.. answer];
            }
            Engine.Decode([answer[^1]], [prompt.Length + answer.Count - 1], levelOf(answer.Count - 1));
        }
    }

    public void Dispose()
    {
        Engine.Dispose();
        Package.Dispose();
    }
}
