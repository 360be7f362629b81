using EdgeAgent.Inference;
using EdgeAgent.Inference.Graphs;
using EdgeAgent.Inference.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Tests.Inference;

/// <summary>`head_ids` of the graph contract: chosen vocabulary rows give the same columns as the whole head.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class HeadRowsTests(NanoPackages packages, ITestOutputHelper output)
{
    private const int Context = 32;
    private const int Rows = 3;

    [Theory]
    [InlineData("rtn", 0, 2e-2f)]
    [InlineData("rtn", 3, 2e-2f)]
    [InlineData("none", 0, 1e-4f)]
    public void Logits_of_chosen_vocabulary_rows_are_those_columns_of_the_whole_head(string quantization, int level,
        float limit)
    {
        const int seed = 41;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = packages.Of(quantization);
        var vocabulary = model.Engine.VocabularySize;
        long[] chosen = [0, vocabulary - 1, 5, 5, .. Enumerable.Range(0, 60).Select(_ => random.NextInt64(vocabulary))];
        var tokens = NanoReference.Cases[4].PromptTokens[..20];

        using var session = Open(model.Package, level);
        var whole = Run(session, model.Package, tokens, []);
        var columns = Run(session, model.Package, tokens, chosen);

        Assert.Equal(Rows * vocabulary, whole.Length);
        Assert.Equal(Rows * chosen.Length, columns.Length);
        var expected = new float[columns.Length];
        for (var i = 0; i < expected.Length; i++)
        {
            expected[i] = whole[(i / chosen.Length * vocabulary) + chosen[i % chosen.Length]];
        }
        Assert.InRange(NanoReference.Deviation(columns, expected), 0, limit);
    }

    private static InferenceSession Open(LoadedPackage package, int level)
    {
        OrtRuntime.Start(RunningModel.Threads);
        var choice = ProviderChoice.Of(package.Manifest.Graphs, level, ["cpu"], ["CPUExecutionProvider"]);
        var graph = choice.Graph;
        using var options = SessionSettings.Create(new EngineOptions(), choice, package.Path);
        var bytes = package.ReadGraph(graph);
        foreach (var tensor in GraphScan.Read(graph.File, bytes, LoadedPackage.DataFile, package.Weights.LengthBytes))
        {
            options.AddInitializer(tensor.Name, package.Weights.Tensor(tensor));
        }
        return new InferenceSession(bytes, options);
    }

    /// <summary>Logits of the last rows, after the given tokens.</summary>
    private static float[] Run(InferenceSession session, LoadedPackage package, int[] tokens, long[] headIds)
    {
        var manifest = package.Manifest;
        using var rotary = new RotaryTables(manifest.Architecture.Rotary, Context);
        using var binding = session.CreateIoBinding();
        rotary.Bind(binding);
        var values = new List<OrtValue>();
        Bind("input_ids", tokens.Select(token => (long)token).ToArray(), 1, tokens.Length);
        Bind("seqlens_k", new[] { tokens.Length - 1 }, 1);
        Bind("total_sequence_length", new[] { tokens.Length }, 1);
        Bind("rows", Enumerable.Range(0, Rows).Select(row => (long)(tokens.Length - Rows + row)).ToArray(), Rows);
        Bind("head_ids", headIds, headIds.Length);
        for (var layer = 0; layer < manifest.Kv.Layers.Count; layer++)
        {
            var kv = manifest.Kv.Layers[layer];
            foreach (var part in new[] { "key", "value" })
            {
                var past = Bind($"past.{layer}.{part}", new float[kv.Heads * Context * kv.Dimensions],
                    1, kv.Heads, Context, kv.Dimensions);
                binding.BindOutput($"present.{layer}.{part}", past);
            }
        }
        binding.BindOutputToDevice("logits", OrtMemoryInfo.DefaultInstance);
        using var run = new RunOptions();
        session.RunWithBinding(run, binding);
        using var outputs = binding.GetOutputValues();
        var logits = outputs[binding.GetOutputNames().ToList().IndexOf("logits")].GetTensorDataAsSpan<float>()
            .ToArray();
        values.ForEach(value => value.Dispose());
        return logits;

        OrtValue Bind<T>(string name, T[] content, params long[] shape)
            where T : unmanaged
        {
            values.Add(OrtValue.CreateTensorValueFromMemory(content, shape));
            binding.BindInput(name, values[^1]);
            return values[^1];
        }
    }
}
