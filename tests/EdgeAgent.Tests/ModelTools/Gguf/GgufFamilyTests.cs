using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import.Gguf;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>Families of which there is no GGUF file here: the tiny models, written as llama.cpp writes them.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class GgufFamilyTests : IDisposable
{
    private const string Window = "gemma3.attention.sliding_window";
    private const string Pattern = "gemma3.attention.sliding_window_pattern";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Gemma_with_five_of_six_layers_local_answers_as_the_reference()
    {
        // The tiny model alternates; its global layers 1 and 3 become the sixth and the twelfth.
        int?[] layers = [0, null, null, null, null, 1, 2, null, null, null, null, 3];
        var manifest = AssertAsReference("gemma3", Gemma(layers, file => file.UInt32(Window, 16)));
        Assert.Equal([16, 16, 16, 16, 16, 0, 16, 16, 16, 16, 16, 0], manifest.Kv.Layers.Select(layer => layer.Window));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gemma_with_a_pattern_in_the_file_answers_as_the_reference(bool isList)
    {
        var manifest = AssertAsReference("gemma3", Gemma([0, 1, 2, 3], file =>
        {
            file.UInt32(Window, 16).Real("gemma3.rope.freq_base_swa", 10_000);
            // A list of four flags, or a period.
            _ = isList ? file.Field(Pattern, 9, [7, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0])
                : file.UInt32(Pattern, 2);
        }));
        Assert.Equal([16, 0, 16, 0], manifest.Kv.Layers.Select(layer => layer.Window));
    }

    [Fact]
    public void SmolLM3_has_no_rotary_positions_in_every_fourth_layer_and_answers_as_the_reference() =>
        // The tiny model has none in its third.
        AssertAsReference("smollm3", new TinyGguf(Folder("smollm3"), "smollm3")
        {
            Layers = [0, 1, null, 2, 3],
            PairsRows = true,
        });

    [Fact]
    public void Mistral_is_a_llama_whose_window_llama_cpp_does_not_store()
    {
        var folder = Folder("mistral");
        Import(new TinyGguf(folder, "llama") { Layers = [0, 1, 2, 3], PairsRows = true, HasHead = true });
        var reference = ArchitectureTests.ReadReference(Path.Combine(folder, "reference.json"));
        using var model = RunningModel.Load(_folder.File("package"));
        // As far as the window of the tiny model reaches, it makes no difference.
        const int window = 16;
        model.Engine.Extend(0, reference.Prompt.AsSpan(0, window), past: 0, level: 0, logitRows: window);
        for (var i = 0; i < window; i++)
        {
            Assert.InRange(NanoReference.Deviation(model.Engine.Logits(i)[..8], reference.First8[i]), 0, 1e-3f);
        }
    }

    [Theory]
    [InlineData("final_logit_softcapping", "is not 0; soft-capping is not built yet")]
    [InlineData("attention.sliding_window_pattern", "has 4 entries; the model has 5 layers")]
    public void A_Gemma_that_would_be_computed_wrongly_is_refused(string key, string says)
    {
        var source = Gemma([0, 1, 2, 3, null], file => _ = key == "final_logit_softcapping"
            ? file.Real($"gemma3.{key}", 30)
            : file.UInt32(Window, 16).Field(Pattern, 9, [7, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0]));
        var error = Assert.Throws<ModelToolsException>(() => Import(source));
        Assert.Equal($"tiny.gguf: gemma3.{key} {says}.", error.Message);
        Assert.False(Path.Exists(_folder.File("package")));
    }

    [Fact]
    public void A_Gemma_without_a_window_is_global_in_every_layer()
    {
        File.WriteAllBytes(_folder.File("tiny.gguf"), Gemma([0, 1, 2, 3, null, null], _ => { }).Make());
        using var model = GgufModel.Open(_folder.File("tiny.gguf"));
        var config = model.ReadConfig();
        Assert.All(config.Attention, layer => Assert.Equal((0, 0), (layer.Rotary, layer.Window)));
        Assert.Equal(1_000_000, Assert.Single(config.Rotary).Base);
    }

    public void Dispose() => _folder.Dispose();

    private static TinyGguf Gemma(int?[] layers, Action<GgufWriter> fields) => new(Folder("gemma3"), "gemma3")
    {
        Layers = layers,
        Gemma = true,
        Fields = fields,
    };

    private static string Folder(string name) => Repository.SharedPath($"models/tiny/{name}");

    private PackageManifest AssertAsReference(string name, TinyGguf source)
    {
        var manifest = Import(source);
        using var model = RunningModel.Load(_folder.File("package"));
        ArchitectureTests.AssertAsReference(
            model, ArchitectureTests.ReadReference(Path.Combine(Folder(name), "reference.json")));
        return manifest;
    }

    private PackageManifest Import(TinyGguf source)
    {
        var file = _folder.File("tiny.gguf");
        File.WriteAllBytes(file, source.Make());
        return TinyModel.Import(new ImportOptions
        {
            Source = file,
            Output = _folder.File("package"),
            Quantization = QuantizationMethod.None,
        });
    }
}
