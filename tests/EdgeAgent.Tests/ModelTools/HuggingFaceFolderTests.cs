using System.Text.Json.Nodes;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>A wrong model folder is refused with file, field and limit.</summary>
public sealed class HuggingFaceFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void An_honest_folder_gives_its_sizes()
    {
        var config = Folder().ReadConfig();
        Assert.Equal((2, 32, 64, 2, 1, 16), (config.Layers, config.HiddenSize, config.IntermediateSize, config.Heads,
            config.KvHeads, config.HeadDimensions));
        Assert.Equal((4096, 64, 5000.0, true),
            (config.VocabularySize, config.Context, config.Rotary[0].Base, config.TiedEmbedding));
        Assert.Equal([2], config.StopTokens);
    }

    [Theory]
    [InlineData("model_type", "\"mamba\"", "config.json: model_type 'mamba' is not known. Known: llama")]
    [InlineData("model_type", "null", "config.json: model_type is missing")]
    [InlineData("num_hidden_layers", "0",
        "config.json: num_hidden_layers is 0; it must be a whole number from 1 to 512")]
    [InlineData("num_hidden_layers", "null", "config.json: num_hidden_layers is missing")]
    [InlineData("num_hidden_layers", "1.5", "config.json: num_hidden_layers is 1.5")]
    [InlineData("num_hidden_layers", "\"2\"", "config.json: num_hidden_layers is \"2\"")]
    [InlineData("hidden_size", "1048577",
        "config.json: hidden_size is 1048577; it must be a whole number from 1 to 1048576")]
    [InlineData("intermediate_size", "-1", "config.json: intermediate_size is -1")]
    [InlineData("num_attention_heads", "4097", "from 1 to 4096")]
    [InlineData("num_attention_heads", "99999999999999999999",
        "config.json: num_attention_heads is 99999999999999999999")]
    [InlineData("num_key_value_heads", "3",
        "config.json: num_key_value_heads is 3; it must be a whole number from 1 to 2")]
    [InlineData("head_dim", "1", "config.json: head_dim is 1; it must be a whole number from 2 to 1024")]
    [InlineData("head_dim", "15", "config.json: head_dim is 15; attention runs with multiples of 8")]
    [InlineData("num_key_value_heads", "0", "config.json: num_key_value_heads is 0")]
    [InlineData("vocab_size", "[]", "config.json: vocab_size is []")]
    [InlineData("max_position_embeddings", "0", "config.json: max_position_embeddings is 0")]
    [InlineData("rms_norm_eps", "1", "config.json: rms_norm_eps is 1; it must lie from")]
    [InlineData("rope_theta", "0", "config.json: rope_theta is 0; it must lie from")]
    [InlineData("head_dim", "24",
        "config.json: head_dim has rotary positions turn 24 of the 24 numbers of a head; attention")]
    [InlineData("partial_rotary_factor", "0.5", "config.json: head_dim has rotary positions turn 8 of the 16")]
    [InlineData("rope_scaling", "{\"rope_type\":\"yarn\"}", "config.json: rope_scaling.factor is missing")]
    [InlineData("rope_scaling", "{\"type\":\"linear\",\"factor\":0}", "config.json: rope_scaling.factor is 0; it must")]
    [InlineData("rope_scaling", "{\"type\":\"dynamic\"}", "config.json: rope_scaling.type 'dynamic' is not built yet")]
    [InlineData("rope_scaling", "{\"type\":\"su\",\"short_factor\":[1]}",
        "config.json: rope_scaling.short_factor has 1 entries; allowed are 8 to 8")]
    [InlineData("rope_scaling", "{\"type\":\"su\",\"short_factor\":[1,1,1,1,1,1,1,0]}",
        "config.json: rope_scaling.short_factor[7] is 0; it must lie from 0.001 to 1000000")]
    [InlineData("rope_parameters", "{\"rope_type\":\"llama3\"}",
        "config.json: rope_parameters.low_freq_factor is missing")]
    [InlineData("rope_parameters",
        "{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,\"high_freq_factor\":4}",
        "config.json: rope_parameters.high_freq_factor is 4; it must be larger than low_freq_factor, 4")]
    [InlineData("attention_bias", "\"yes\"", "config.json: attention_bias is \"yes\"; it must be true or false")]
    [InlineData("final_logit_softcapping", "30", "config.json: final_logit_softcapping is 30; soft-capping")]
    [InlineData("layer_types", "[\"full_attention\",\"linear_attention\"]",
        "config.json: layer_types[1] is none of sliding_attention, full_attention")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\"]", "config.json: sliding_window is missing")]
    [InlineData("quantization_config", "{\"bits\":4}",
        "config.json: quantization_config is {\"bits\":4}; the weights are quantized")]
    [InlineData("mlp_bias", "true", "config.json: mlp_bias is true")]
    [InlineData("hidden_act", "\"gelu\"", "config.json: hidden_act 'gelu'")]
    public void A_config_with_a_wrong_value_is_refused_by_field_and_limit(string field, string value, string says)
    {
        var config = TinyModel.Config();
        config[field] = JsonNode.Parse(value);
        var folder = Folder();
        File.WriteAllText(folder.File("config.json"), config.ToJsonString());
        var error = Assert.Throws<ModelToolsException>(folder.ReadConfig);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"slice_width":31,"slices":2,"levels":[]}""", "pruning.json: slice_width is 31")]
    [InlineData("""{"slice_width":32,"slices":3,"levels":[]}""",
        "pruning.json: slices is 3; it must be a whole number from 1 to 2")]
    [InlineData("""{"slice_width":32,"slices":2,"levels":[]}""",
        "pruning.json: levels has 0 entries; allowed are 1 to 16")]
    [InlineData("""{"slice_width":32,"slices":2,"levels":{}}""", "pruning.json: levels is missing; it must be a list")]
    [InlineData("""{"slice_width":32,"slices":2,"levels":[{"kept_slices":[2]}]}""",
        "levels[0].kept_slices has 1 entries; allowed are 2")]
    [InlineData("""{"slice_width":32,"slices":2,"levels":[{"kept_slices":[2,3]}]}""", "levels[0].kept_slices[1] is 3")]
    [InlineData("""{"slice_width":32,"slices":2,"levels":[{"kept_slices":[2,1]}]}""", "level 0 must keep every slice")]
    [InlineData("[]", "pruning.json: slice_width is missing")]
    [InlineData("{", "pruning.json: ")]
    public void A_wrong_pruning_file_is_refused_by_field_and_limit(string pruning, string says)
    {
        var folder = Folder();
        File.WriteAllText(folder.File("pruning.json"), pruning);
        var error = Assert.Throws<ModelToolsException>(() => folder.ReadLevels(folder.ReadConfig()));
        Assert.Equal(ModelToolsFault.SourceInvalid, error.Fault);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_pruning_file_there_is_one_full_level()
    {
        var folder = Folder();
        File.Delete(folder.File("pruning.json"));
        Assert.Equal([64, 64], Assert.Single(folder.ReadLevels(folder.ReadConfig())));
    }

    [Theory]
    [InlineData("{\"eos_token_id\":[2,5]}", new[] { 2, 5 })]
    [InlineData("{\"eos_token_id\":7}", new[] { 7 })]
    public void Stop_tokens_are_one_or_many(string generation, int[] expected)
    {
        var folder = Folder();
        File.WriteAllText(folder.File("generation_config.json"), generation);
        Assert.Equal(expected, folder.ReadConfig().StopTokens);
    }

    [Theory]
    [InlineData("generation_config.json", "4096",
        "generation_config.json: eos_token_id is 4096; it must be a whole number from 0 to 4095")]
    [InlineData("generation_config.json", "[2,-1]", "generation_config.json: eos_token_id[1] is -1")]
    [InlineData("config.json", "4096", "config.json: eos_token_id is 4096; it must be")]
    [InlineData("config.json", "[]", "config.json: eos_token_id has 0 entries; allowed are 1 to 64")]
    public void A_stop_token_that_the_model_lacks_is_refused(string file, string tokens, string says)
    {
        var folder = Folder();
        File.Delete(folder.File("generation_config.json"));
        var content = file == "config.json" ? TinyModel.Config() : new JsonObject();
        content["eos_token_id"] = JsonNode.Parse(tokens);
        File.WriteAllText(folder.File(file), content.ToJsonString());
        Assert.Contains(says, Assert.Throws<ModelToolsException>(folder.ReadConfig).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_with_flags_gives_its_text()
    {
        var folder = Folder();
        File.WriteAllText(folder.File("tokenizer_config.json"),
            """{"chat_template":"x","bos_token":{"content":"<s>","lstrip":false},"eos_token":{"content":7}}""");
        Assert.Equal(new SourceChat("tokenizer_config.json: chat_template", "x", "<s>", null),
            folder.ReadChatFormat());
    }

    [Fact]
    public void Of_several_templates_the_default_is_taken_and_a_file_of_its_own_before_both()
    {
        var folder = Folder();
        File.WriteAllText(folder.File("tokenizer_config.json"), """
            {"chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"d"}]}
            """);
        Assert.Equal("d", folder.ReadChatFormat()!.Template);
        File.WriteAllText(folder.File("chat_template.jinja"), "own");
        Assert.Equal("own", folder.ReadChatFormat()!.Template);
    }

    [Fact]
    public void A_base_model_has_no_template_and_weights_alone_have_no_tokenizer()
    {
        var folder = Folder();
        File.WriteAllText(folder.File("tokenizer_config.json"), "{}");
        Assert.Null(folder.ReadChatFormat());
        Assert.NotNull(folder.ReadTokenizer());
        File.Delete(folder.File("tokenizer_config.json"));
        File.Delete(folder.File("tokenizer.json"));
        Assert.Null(folder.ReadChatFormat());
        Assert.Null(folder.ReadTokenizer());
    }

    [Fact]
    public void A_folder_that_is_none_and_a_file_that_is_too_large_are_named()
    {
        var missing = Assert.Throws<ModelToolsException>(new HuggingFaceFolder(_folder.File("none")).ReadConfig);
        Assert.Equal(ModelToolsFault.SourceMissing, missing.Fault);
        var folder = Folder();
        File.WriteAllText(folder.File("config.json"), new string(' ', (1 << 20) + 1));
        var large = Assert.Throws<ModelToolsException>(folder.ReadConfig);
        Assert.Equal("config.json: larger than 1048576 bytes.", large.Message);
    }

    public void Dispose() => _folder.Dispose();

    private HuggingFaceFolder Folder() => new(Directory.Exists(_folder.File("tiny"))
        ? _folder.File("tiny") : TinyModel.Write(_folder.File("tiny"), seed: 1));
}
