using System.Text.Json;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import.Gguf;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;
using EdgeAgent.Tests.Inference.Tokenizers;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>A GGUF file becomes the package that the same model as a folder becomes, tokenizer and all.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class GgufModelTests : IDisposable
{
    private static readonly string Fixtures = Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/gguf");

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("llama3")]
    [InlineData("phi3")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void Logits_and_greedy_tokens_are_those_of_the_reference(string name) => AssertAsReference(
        Repository.SharedPath($"models/gguf/{name}.gguf"), Repository.SharedPath($"models/tiny/{name}/reference.json"));

    [Fact]
    public void Logits_and_greedy_tokens_of_the_llama_fixture_are_those_of_the_reference() => AssertAsReference(
        Path.Combine(Fixtures, "llama.gguf"), Path.Combine(Fixtures, "llama.reference.json"));

    [Fact]
    public void The_name_of_the_file_does_not_matter()
    {
        var source = _folder.File("model.bin");
        File.Copy(Path.Combine(Fixtures, "llama.gguf"), source);
        Assert.Equal("model", Import(source, QuantizationMethod.Rtn).Name);
    }

    [Fact]
    public void The_tokenizer_and_the_template_are_those_inside_the_file()
    {
        using var model = GgufModel.Open(Path.Combine(Fixtures, "llama.gguf"));
        TokenizerVectorTests.Check(
            Tokenizer.Load(model.ReadTokenizer()!), Path.Combine(Fixtures, "vectors.json"));
        var chat = model.ReadChatFormat()!;
        Assert.Equal(("<s>", "</s>"), (chat.BeginToken, chat.EndToken));
        var spans = ChatTemplate.Parse(chat.Template).Render(
            TemplateVariables.Of([new TemplateMessage("user", "hi")]), TimeProvider.System);
        Assert.Equal("<s>user\nhi</s>\n<s>assistant\n", string.Concat(spans.Select(span => span.Text)));
        Assert.Equal([2], model.ReadConfig().StopTokens);
    }

    [Fact]
    public void Weights_are_read_again_after_their_first_reader_has_closed_them()
    {
        using var model = GgufModel.Open(Path.Combine(Fixtures, "llama.gguf"));
        using (var first = model.OpenTensors())
        {
            Assert.Equal(64, first.Read("model.norm.weight", 64).Length);
        }
        using var second = model.OpenTensors();
        Assert.Equal(64, second.Read("model.norm.weight", 64).Length);
    }

    [Theory]
    [InlineData("model.embed_tokens.weight", 384)]
    [InlineData("model.layers.1.self_attn.k_proj.weight", 32)]
    public void Rows_that_are_read_alone_are_those_of_the_whole(string name, int count)
    {
        using var model = GgufModel.Open(Path.Combine(Fixtures, "llama.gguf"));
        using var tensors = model.OpenTensors();
        var rows = new float[2 * 64];
        tensors.ReadRows(name, [count, 64], 5, rows);
        Assert.Equal(tensors.Read(name, count, 64)[(5 * 64)..(7 * 64)], rows);
    }

    [Theory]
    [InlineData("unknown architecture", "'mamba', which is not known. Known: llama, qwen2")]
    [InlineData("experts", "llama.expert_count is not 0")]
    [InlineData("heads", "llama.attention.head_count_kv is 3; it must divide llama.attention.head_count, 4")]
    [InlineData("layer missing", "tensor 'blk.4.attn_norm.weight' is missing")]
    [InlineData("shape", "has shape [192, 64], the metadata makes it [128, 64]")]
    [InlineData("more tokens than rows", "every token needs one")]
    [InlineData("no stop token", "tokenizer.ggml.eos_token_id is missing")]
    [InlineData("tokenizer kind", "tokenizer.ggml.model is 'wordpiece'; known are gpt2 and llama")]
    [InlineData("pre-tokenizer", "tokenizer.ggml.pre is 'none'; known are gpt-2")]
    [InlineData("merge", "makes no tokenizer")]
    [InlineData("split", "split.count is 3; the limit is 1: join the files")]
    [InlineData("stop token", "tokenizer.ggml.eos_token_id is 4; it must be a whole number from 0 to 3")]
    public void What_cannot_be_imported_is_one_error_and_leaves_no_folder(string kind, string part)
    {
        var source = _folder.File("bent.gguf");
        File.WriteAllBytes(source, BentModel.Make(kind));
        var error = Assert.Throws<ModelToolsException>(() => Import(source, QuantizationMethod.Rtn));
        Assert.StartsWith("bent.gguf: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Equal([source], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void The_honest_form_of_the_bent_models_imports()
    {
        var source = _folder.File("honest.gguf");
        File.WriteAllBytes(source, BentModel.Make(""));
        Assert.Equal("honest", Import(source, QuantizationMethod.Rtn).Name);
    }

    public void Dispose() => _folder.Dispose();

    private PackageManifest Import(string source, QuantizationMethod quantization) => TinyModel.Import(
        new ImportOptions { Source = source, Output = _folder.File("package"), Quantization = quantization });

    private void AssertAsReference(string source, string reference)
    {
        Import(source, QuantizationMethod.None);
        using var model = RunningModel.Load(_folder.File("package"));
        ArchitectureTests.AssertAsReference(model, ArchitectureTests.ReadReference(reference));
    }
}
