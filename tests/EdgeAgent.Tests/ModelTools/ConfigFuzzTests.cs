using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>S36: a bent config.json ends in a configuration or in the declared exception.</summary>
public sealed class ConfigFuzzTests(ITestOutputHelper output)
{
    private const int Seed = 97;
    private const int Inputs = 50_000;

    [Theory]
    [InlineData("llama", """{"hidden_act":"silu","rope_scaling":{"rope_type":"llama3","factor":8,"""
        + """ "low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":32}}""")]
    [InlineData("gemma3_text", """{"layer_types":["sliding_attention","full_attention"],"sliding_window":6,"""
        + """ "rope_parameters":{"full_attention":{"rope_theta":1e6,"rope_type":"default"},"""
        + """ "sliding_attention":{"rope_theta":1e4}}}""")]
    public void A_bent_config_is_refused_by_the_declared_exception_only(string family, string changes)
    {
        var config = TinyModel.Config();
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }
        config["model_type"] = family;
        config["eos_token_id"] = 2;
        var mutator = new JsonMutator(Seed, config.ToJsonString()) { MostChanges = 2 };
        var (json, taken) = (0, 0);
        for (var i = 0; i < Inputs; i++)
        {
            try
            {
                using var document = JsonDocument.Parse(mutator.Next(), new JsonDocumentOptions { MaxDepth = 32 });
                json++;
                var read = DecoderConfigReader.Read(new ConfigReader("config.json", document.RootElement), null);
                taken++;
                Assert.InRange(read.Layers, 1, 512);
                Assert.Equal(0, read.Heads % read.KvHeads);
            }
            catch (ModelToolsException error)
            {
                Assert.StartsWith("config.json: ", error.Message, StringComparison.Ordinal);
            }
            catch (JsonException)
            {
                // HuggingFaceFolder turns it into the declared one.
            }
        }
        output.WriteLine($"seed {Seed}: {Inputs} inputs, {100.0 * json / Inputs:0.0} % JSON, "
            + $"{100.0 * taken / Inputs:0.0} % taken");
        Assert.True(json > Inputs / 3, $"only {json} of {Inputs} inputs were JSON");
    }
}
