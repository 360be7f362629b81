using System.Text.Json.Nodes;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>What config.json says, and what it leaves unsaid, becomes the layers that the family has.</summary>
public sealed class DecoderConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="layers">For each of three layers its rotary table and its window; -: no rotary positions.</param>
    [Theory]
    [InlineData("llama", """{"sliding_window":5}""", "0/0 0/0 0/0")]
    [InlineData("mistral", """{"sliding_window":5}""", "0/5 0/5 0/5")]
    [InlineData("mistral", """{"sliding_window":null}""", "0/0 0/0 0/0")]
    [InlineData("mistral", """{"sliding_window":128}""", "0/0 0/0 0/0")]
    [InlineData("qwen2", """{"sliding_window":6,"max_window_layers":1}""", "0/0 0/0 0/0")]
    [InlineData("qwen2", """{"use_sliding_window":true,"sliding_window":6,"max_window_layers":1}""", "0/0 0/6 0/6")]
    [InlineData("qwen3",
        """{"layer_types":["sliding_attention","full_attention","full_attention"],"sliding_window":7}""",
        "0/7 0/0 0/0")]
    [InlineData("phi3", """{"sliding_window":8}""", "0/8 0/8 0/8")]
    [InlineData("gemma3_text", """{"sliding_window":6,"sliding_window_pattern":3}""", "1/6 1/6 0/0")]
    [InlineData("gemma3_text", """{"sliding_window":6,"_sliding_window_pattern":2}""", "1/6 0/0 1/6")]
    [InlineData("gemma3_text", """{"sliding_window":6}""", "0/6 0/6 0/6")]
    [InlineData("smollm3", "{}", "0/0 0/0 0/0")]
    [InlineData("smollm3", """{"no_rope_layer_interval":2}""", "0/0 -/0 0/0")]
    [InlineData("smollm3", """{"no_rope_layers":[0,1,1],"no_rope_layer_interval":2}""", "-/0 0/0 0/0")]
    public void Each_layer_attends_as_its_family_does(string family, string changes, string layers) =>
        Assert.Equal(layers, string.Join(' ', Read(family, changes).Attention
            .Select(layer => $"{layer.Rotary?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-"}/"
                + $"{layer.Window}")));

    [Fact]
    public void Where_every_layer_of_Gemma_slides_there_is_the_local_table_alone()
    {
        var table = Assert.Single(Read("gemma3_text", """{"sliding_window":6,"rope_theta":1000000}""").Rotary);
        Assert.Equal(("cos_cache_local", 10_000), (table.CosInput, table.Base));
    }

    [Theory]
    [InlineData("llama", false)]
    [InlineData("qwen2", false)]
    [InlineData("gemma3_text", true)]
    [InlineData("smollm3", true)]
    public void A_head_is_tied_where_config_says_nothing_and_the_family_ties_it(string family, bool tied) =>
        Assert.Equal(tied, Read(family, """{"tie_word_embeddings":null}""").TiedEmbedding);

    [Fact]
    public void Of_a_Gemma_with_eyes_the_language_half_is_read_with_its_defaults()
    {
        // The text_config of published Gemma 3 models leaves heads, head_dim and vocabulary unsaid.
        var folder = Directory.CreateDirectory(_folder.File("gemma")).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["model_type"] = "gemma3",
            ["eos_token_id"] = new JsonArray(1, 106),
            ["vision_config"] = new JsonObject { ["hidden_size"] = 1152 },
            ["text_config"] = new JsonObject
            {
                ["model_type"] = "gemma3_text",
                ["hidden_size"] = 2560,
                ["intermediate_size"] = 10_240,
                ["num_hidden_layers"] = 34,
                ["rope_scaling"] = new JsonObject { ["factor"] = 8.0, ["rope_type"] = "linear" },
                ["sliding_window"] = 1024,
            },
        }.ToJsonString());
        var config = new HuggingFaceFolder(folder).ReadConfig();
        Assert.Equal((8, 4, 256, 262_208, 131_072),
            (config.Heads, config.KvHeads, config.HeadDimensions, config.VocabularySize, config.Context));
        Assert.Equal([1, 106], config.StopTokens);
        Assert.Equal((5, 1024, 0), (config.Attention.Count(layer => layer.Window == 0), config.Attention[0].Window,
            config.Attention[5].Window));
        Assert.All(config.Rotary[0].FrequencyDivisors!, divisor => Assert.Equal(8, divisor));
        Assert.Null(config.Rotary[1].FrequencyDivisors);
        Assert.Equal(1_000_000, config.Rotary[0].Base);
    }

    public void Dispose() => _folder.Dispose();

    private DecoderConfig Read(string family, string changes) =>
        new HuggingFaceFolder(FamilyModel.Write(_folder.File("source"), family, changes, seed: 1)).ReadConfig();
}
