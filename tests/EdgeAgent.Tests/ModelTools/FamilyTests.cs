using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Every feature of every family computes what its formula says, also those that no tiny model has.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class FamilyTests(ITestOutputHelper output) : IDisposable
{
    private const string Divisors =
        "[1,1.1,1.2,1.3,1.5,1.8,2,2.5,3,4,5,6,7,8,9,10]";

    private const string Shorter = "[1,1,1,1.1,1.1,1.1,1.2,1.2]";

    private const string Longer = "[1,1.5,2,3,4,6,10,16]";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("llama", """{"attention_bias":true}""")]
    [InlineData("llama", """{"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"""
        + """ "high_freq_factor":4,"original_max_position_embeddings":32}}""")]
    [InlineData("llama", """{"rope_scaling":{"type":"linear","factor":4}}""")]
    [InlineData("mistral", """{"sliding_window":5}""")]
    [InlineData("qwen2", """{"use_sliding_window":true,"sliding_window":6,"max_window_layers":1}""")]
    [InlineData("qwen2", """{"rope_scaling":{"type":"yarn","factor":4,"original_max_position_embeddings":32}}""")]
    [InlineData("qwen3", """{"layer_types":["full_attention","sliding_attention","full_attention"],"""
        + """ "sliding_window":7}""")]
    [InlineData("phi3", """{"sliding_window":8}""")]
    [InlineData("phi3", """{"partial_rotary_factor":0.5,"original_max_position_embeddings":64,"""
        + """ "rope_scaling":{"type":"longrope","short_factor":SHORT,"long_factor":LONG}}""")]
    [InlineData("phi3", """{"original_max_position_embeddings":128,"""
        + """ "rope_scaling":{"type":"su","short_factor":ALL,"long_factor":ALL}}""")]
    [InlineData("gemma3_text", """{"sliding_window":6,"sliding_window_pattern":3,"query_pre_attn_scalar":48,"""
        + """ "rope_scaling":{"rope_type":"linear","factor":8}}""")]
    [InlineData("gemma3_text", """{"sliding_window":6,"sliding_window_pattern":512}""")]
    [InlineData("smollm3", """{"no_rope_layer_interval":2}""")]
    public void A_family_computes_what_its_formulas_say(string family, string changes)
    {
        const int seed = 17;
        output.WriteLine($"seed {seed}");
        var config = changes.Replace("SHORT", Shorter, StringComparison.Ordinal)
            .Replace("LONG", Longer, StringComparison.Ordinal).Replace("ALL", Divisors, StringComparison.Ordinal);
        var source = FamilyModel.Write(_folder.File("source"), family, config, seed);
        TinyModel.Import(new ImportOptions
        {
            Source = source,
            Output = _folder.File("package"),
            Quantization = QuantizationMethod.None,
        });
        using var model = RunningModel.Load(_folder.File("package"));
        var tokens = Enumerable.Range(0, 24).Select(i => (seed + (i * 37)) % FamilyModel.Vocabulary).ToArray();
        var channels = model.Package.Manifest.Levels[0].FfnChannels;
        var expected = new PlainModel(source).Logits(tokens, [.. tokens.Select(_ => channels)]);

        model.Engine.Prefill(0, tokens.AsSpan(0, 16), level: 0);
        Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), expected[15]), 0, 1e-3f);
        for (var i = 16; i < tokens.Length; i++)
        {
            model.Engine.Decode([tokens[i]], [i], level: 0);
            Assert.InRange(NanoReference.Deviation(model.Engine.Logits(0), expected[i]), 0, 1e-3f);
        }
    }

    public void Dispose() => _folder.Dispose();
}
