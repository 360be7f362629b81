using System.Text;
using System.Text.Json.Nodes;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>S36: a bent config.json ends in a configuration or in the declared exception, within its memory.</summary>
public sealed class ConfigFuzzTests(ITestOutputHelper output)
{
    private const string FileName = "config.json";

    [Theory]
    [InlineData("llama", """{"hidden_act":"silu","rope_scaling":{"rope_type":"llama3","factor":8,"""
        + """ "low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":32}}""")]
    [InlineData("gemma3_text", """{"layer_types":["sliding_attention","full_attention"],"sliding_window":6,"""
        + """ "rope_parameters":{"full_attention":{"rope_theta":1e6,"rope_type":"default"},"""
        + """ "sliding_attention":{"rope_theta":1e4}}}""")]
    public void A_bent_config_is_refused_by_the_declared_exception_only(string family, string changes)
    {
        const int seed = 97;
        var config = TinyModel.Config();
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }
        config["model_type"] = family;
        config["eos_token_id"] = 2;
        new FuzzLoop<ModelToolsException>(seed, output)
        {
            BudgetBytes = 64 << 10,
            BudgetOfByte = 32,
            Shares = 2,
        }.RunJson(
            config.ToJsonString(),
            mostChanges: 2,
            input =>
            {
                using var document = HuggingFaceFolder.Parse(FileName, input);
                return DecoderConfigReader.Read(new ConfigReader(FileName, document.RootElement), generation: null);
            },
            (read, _) =>
            {
                Assert.InRange(read.Layers, 1, 512);
                Assert.Equal(0, read.Heads % read.KvHeads);
                Assert.All(read.Rotary, table => Assert.Equal(0, table.Dimensions % 16));
                Assert.All(read.StopTokens, token => Assert.InRange(token, 0, read.VocabularySize - 1));
            },
            error => Assert.StartsWith($"{FileName}: ", error.Message, StringComparison.Ordinal));
    }
}
