using System.Text.Json;
using EdgeAgent.Inference;

namespace EdgeAgent.Tests.Inference;

/// <summary>One KV cache for all levels, and no work of a larger level in a smaller one.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class LevelSessionTests(NanoPackages packages)
{
    [Fact]
    public void Past_and_present_have_one_address_in_every_session()
    {
        var engine = packages.Int4.Engine;
        var layers = packages.Int4.Package.Manifest.Architecture.Layers;
        for (var level = 0; level < engine.LevelCount; level++)
        {
            engine.Decode([5, 6], [0, 0], level);
            var present = engine.Session(level)!.PresentAddresses(2);
            Assert.Equal(2 * layers, present.Count);
            for (var part = 0; part < 2 * layers; part++)
            {
                var name = $"present.{part / 2}.{(part % 2 == 0 ? "key" : "value")}";
                Assert.Equal(engine.Cache.Address(part, row: 0), present[name]);
            }
        }
    }

    [Fact]
    public unsafe void Every_session_reads_and_writes_the_one_cache_in_place()
    {
        var engine = packages.Int4.Engine;
        var dimensions = packages.Int4.Package.Manifest.Kv.Layers[0].Dimensions;
        int[] prompt = NanoReference.Cases[0].PromptTokens;
        for (var level = 0; level < engine.LevelCount; level++)
        {
            engine.Clear();
            engine.Extend(0, prompt, 0, level: 0);
            engine.Decode([5], [prompt.Length], level);
            var untouched = engine.Logits(0).ToArray();
            for (var part = 0; part < 2 * packages.Int4.Package.Manifest.Kv.Layers.Count; part++)
            {
                var written = new Span<float>((float*)engine.Cache.Address(part, 0) + (prompt.Length * dimensions),
                    dimensions);
                Assert.True(written.ContainsAnyExcept(0f), $"level {level} wrote nothing into part {part}");
            }

            new Span<float>((float*)engine.Cache.Address(1, 0), prompt.Length * dimensions).Fill(3);
            engine.Decode([5], [prompt.Length], level);
            Assert.True(NanoReference.Deviation(engine.Logits(0), untouched) > 0.01f,
                $"level {level} did not read the cache that was changed");
        }
    }

    [Fact]
    public void A_profile_shows_no_node_of_a_larger_levels_FFN_in_a_smaller_one()
    {
        using var folder = new TemporaryFolder();
        var options = new EngineOptions { Threads = RunningModel.Threads, ProfilePrefix = folder.File("profile") };
        using (var model = RunningModel.Load(NanoPackages.Embedded, options))
        {
            for (var level = 0; level < model.Engine.LevelCount; level++)
            {
                model.Engine.Decode([5], [0], level);
            }
        }

        var manifest = packages.Int4.Package.Manifest;
        for (var level = 0; level < manifest.Levels.Count; level++)
        {
            var channels = manifest.Levels[level].FfnChannels;
            var nodes = Profile(folder.Path, level);
            for (var layer = 0; layer < channels.Count; layer++)
            {
                var ffn = nodes.Where(node => node.Name.StartsWith($"layers.{layer}.ffn.", StringComparison.Ordinal));
                var widths = ffn.Where(node => node.Operator == "MatMulNBits")
                    .ToDictionary(node => node.Name.Split('.')[3], node => (node.Input, node.Output));
                if (channels[layer] == 0)
                {
                    // The norm of an FFN that is gone is gone too.
                    Assert.Empty(ffn);
                    continue;
                }
                Assert.Equal((manifest.Architecture.HiddenSize, channels[layer]), widths["gate"]);
                Assert.Equal((manifest.Architecture.HiddenSize, channels[layer]), widths["up"]);
                Assert.Equal((channels[layer], manifest.Architecture.HiddenSize), widths["down"]);
            }
            var computed = channels.Count(width => width > 0);
            Assert.Equal((2 * channels.Count) + (3 * computed) + 1,
                nodes.Count(node => node.Operator == "MatMulNBits"));
        }
    }

    /// <summary>The kernels that ran in a level's session, with the last dimension of first input and output.</summary>
    private static List<(string Name, string Operator, int Input, int Output)> Profile(string folder, int level)
    {
        var file = Assert.Single(Directory.GetFiles(folder, $"profile-level-{level}*.json"));
        using var events = JsonDocument.Parse(File.ReadAllBytes(file));
        return events.RootElement.EnumerateArray()
            .Where(item => item.GetProperty("cat").GetString() == "Node"
                && item.GetProperty("name").GetString()!.EndsWith("_kernel_time", StringComparison.Ordinal))
            .Select(item => (
                item.GetProperty("name").GetString()!.Replace("_kernel_time", "", StringComparison.Ordinal),
                item.GetProperty("args").GetProperty("op_name").GetString()!,
                LastDimension(item, "input_type_shape"), LastDimension(item, "output_type_shape"))).ToList();
    }

    private static int LastDimension(JsonElement item, string list)
    {
        var shapes = item.GetProperty("args").GetProperty(list);
        var first = shapes.GetArrayLength() == 0 ? default : shapes[0].EnumerateObject().First().Value;
        return first.ValueKind == JsonValueKind.Array && first.GetArrayLength() > 0
            ? first[first.GetArrayLength() - 1].GetInt32() : 0;
    }
}
