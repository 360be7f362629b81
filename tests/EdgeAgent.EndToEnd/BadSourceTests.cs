using System.Text;
using System.Text.Json.Nodes;
using EdgeAgent.Tests.ModelTools.Gguf;

namespace EdgeAgent.EndToEnd;

/// <summary>The list of bad input through the real verb: one error with file, field and limit, and nothing
/// left.</summary>
public sealed class BadSourceTests : IDisposable
{
    private const string Endless = "{% for i in range(10**9) %}{% endfor %}";
    private const string Reaching = "{{ ''.__class__.__mro__ }}";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    /// <summary>Name of the case, and what its error must contain, apart by |.</summary>
    public static TheoryData<string, string> Files => new()
    {
        { "header cut", "x.gguf: |the number of tensors is 38; the limit is 65536|bytes left; it may be cut" },
        { "tensors cut", "x.gguf: |tensor 'blk.3.ffn_down.weight' needs 49152 bytes|bytes of tensors; it may be cut" },
        { "nothing", "x.gguf: |the magic number, of whose 4 bytes it has 0" },
        { "no GGUF", "x.gguf: |does not begin with 'GGUF'|a GGUF file or a Hugging Face folder" },
        { "offset", "x.gguf: |'blk.0.ffn_up.weight' needs 49152 bytes from 1099511627776 on|the file has " },
        { "more tokens than rows", "x.gguf: |tokenizer.ggml.tokens has 6 entries|token_embd.weight 4 rows" },
        { "stop token", "x.gguf: |tokenizer.ggml.eos_token_id is 4|from 0 to 3" },
        { "unknown architecture", "x.gguf: |general.architecture is 'mamba'|Known: llama, qwen2, qwen3, phi3, gemma3" },
        { "split", "x.gguf: |split.count is 3|the limit is 1" },
        { Endless, "x.gguf: |tokenizer.chat_template|100000 steps" },
        { Reaching, "x.gguf: |tokenizer.chat_template|attribute '__class__' of 'str'" },
    };

    public static TheoryData<string, string> Folders => new()
    {
        { "config cut", "config.json: |BytePositionInLine: 20" },
        { "weights cut", "model.safetensors: |mlp.down_proj.weight' ends at 106880, but the file has 106879 bytes" },
        { "offset", "model.safetensors: |mlp.down_proj.weight' ends at 111360, but the file has 106880 bytes" },
        { "tokenizer cut", "tokenizer.json: |BytePositionInLine: 20" },
        { "settings cut", "tokenizer_config.json: |BytePositionInLine: 20" },
        { "token beyond", "tokenizer.json: |added_tokens have ids up to 384|384 tokens (vocab_size)" },
        { "stop token", "config.json: |eos_token_id|384" },
        { "unknown architecture", "config.json: |model_type 'mam?ba'|Known: llama, mistral, qwen2, qwen3, phi3" },
        { "shards missing", "1 of 2 files|model.safetensors.index.json|model-2.safetensors" },
        { "index cut", "model.safetensors.index.json: |BytePositionInLine: 20" },
        { Endless, "tokenizer_config.json: |chat_template|100000 steps" },
        { Reaching, "tokenizer_config.json: |chat_template|attribute '__class__' of 'str'" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public Task A_bad_file_is_one_error_and_leaves_nothing(string kind, string says)
    {
        var source = Path.Combine(_folder.Path, "x.gguf");
        var honest = BentModel.Make("");
        File.WriteAllBytes(source, kind switch
        {
            "header cut" => honest[..600],
            "tensors cut" => honest[..^1],
            "nothing" => [],
            "no GGUF" => Encoding.UTF8.GetBytes(new string('x', 100)),
            Endless or Reaching => BentModel.Make("", kind),
            _ => BentModel.Make(kind),
        });
        return AssertRefusedAsync(source, says);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public Task A_bad_folder_is_one_error_and_leaves_nothing(string kind, string says)
    {
        var source = WriteFolder();
        switch (kind)
        {
            case "config cut":
                Cut(source, "config.json", 20);
                break;
            case "weights cut":
                var weights = Path.Combine(source, ZeroModel.WeightsFile);
                Cut(source, ZeroModel.WeightsFile, new FileInfo(weights).Length - 1);
                break;
            case "offset":
                // The header is as long as before.
                Change(source, ZeroModel.WeightsFile, "[64,64],\"data_offsets\":[98688,106880]",
                    "[64,99],\"data_offsets\":[98688,111360]");
                break;
            case "tokenizer cut":
                Cut(source, "tokenizer.json", 20);
                break;
            case "settings cut":
                Cut(source, "tokenizer_config.json", 20);
                break;
            case "token beyond":
                Change(source, "tokenizer.json", "true}]", "true},{\"id\":384,\"content\":\"x\"}]");
                break;
            case "stop token":
                Change(source, "config.json", "\"eos_token_id\":2", "\"eos_token_id\":384");
                break;
            case "unknown architecture":
                Change(source, "config.json", "\"llama\"", "\"mam\\nba\"");
                break;
            case "shards missing" or "index cut":
                WriteIndex(source);
                if (kind == "index cut")
                {
                    Cut(source, "model.safetensors.index.json", 20);
                }
                break;
            default:
                Change(source, "tokenizer_config.json", "{{ messages[0].content }}", kind);
                break;
        }
        return AssertRefusedAsync(source, says);
    }

    /// <summary>Whoever opens a pipe waits until somebody writes into it.</summary>
    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("chat_template.jinja")]
    [InlineData("pruning.json")]
    [InlineData("README.md")]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("model-1.safetensors")]
    public async Task A_pipe_among_the_files_of_a_folder_is_one_error_and_leaves_nothing(string name)
    {
        var source = WriteFolder();
        if (name.StartsWith("model", StringComparison.Ordinal) && name != ZeroModel.WeightsFile)
        {
            WriteIndex(source);
            File.Copy(Path.Combine(source, "model-1.safetensors"), Path.Combine(source, "model-2.safetensors"));
        }
        await MakePipeAsync(Path.Combine(source, name));
        await AssertRefusedAsync(source, $"{name}: it is a pipe, not a regular file.");
    }

    [Fact]
    public async Task A_pipe_in_place_of_a_file_is_one_error_and_leaves_nothing()
    {
        var source = Path.Combine(_folder.Path, "x.gguf");
        await MakePipeAsync(source);
        await AssertRefusedAsync(source, "x.gguf: it is a pipe, not a regular file.");
    }

    [Fact]
    public Task A_device_in_place_of_a_file_is_one_error_and_leaves_nothing() =>
        AssertRefusedAsync("/dev/zero", "zero: it is a device, not a regular file.");

    [Theory]
    [InlineData("--calibration", "gptq")]
    [InlineData("--text", "rtn")]
    [InlineData("--tasks", "rtn")]
    public async Task A_pipe_as_a_further_file_is_one_error_and_leaves_nothing(string option, string quantization)
    {
        var source = WriteFolder();
        var pipe = Path.Combine(_folder.Path, "pipe");
        await MakePipeAsync(pipe);
        await AssertRefusedAsync(source, $"{pipe}: it is a pipe, not a regular file.",
            option, pipe, "--quant", quantization);
    }

    [Theory]
    [InlineData("--levels", "4")]
    [InlineData("--bits", "5")]
    [InlineData("--distillation-steps", "0")]
    [InlineData("--calibration", "text.txt")]
    public async Task An_option_that_a_quantization_would_not_read_is_refused(string option, string value)
    {
        var result = await ImportAsync(WriteFolder(), "--quant", "rtn", option, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(
            $"{option}: needs --quant auto, gptq or awq; this import is rtn.", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_sources_that_were_bent_import_as_they_are(bool isFolder)
    {
        var source = isFolder ? WriteFolder() : Path.Combine(_folder.Path, "x.gguf");
        if (!isFolder)
        {
            await File.WriteAllBytesAsync(
                source, BentModel.Make("", "{{ messages[0].content }}"), TestContext.Current.CancellationToken);
        }
        (await ImportAsync(source, "--quant", "rtn")).Expect();
    }

    public void Dispose() => _folder.Dispose();

    private static async Task MakePipeAsync(string path)
    {
        File.Delete(path);
        (await Shell.RunAsync(s_patience, "mkfifo", path)).Expect();
    }

    private async Task AssertRefusedAsync(string source, string says, params string[] options)
    {
        var before = Directory.GetFileSystemEntries(_folder.Path);

        var result = await ImportAsync(source, options);

        Assert.Equal(1, result.ExitCode);
        var error = Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => !line.Contains("sandbox of this import lacks", StringComparison.Ordinal));
        Assert.StartsWith("edge-agent: ", error, StringComparison.Ordinal);
        Assert.All(says.Split('|'), part => Assert.Contains(part, error, StringComparison.Ordinal));
        Assert.Equal(before, Directory.GetFileSystemEntries(_folder.Path));
    }

    /// <summary>With the sandbox, into a folder that has to be made on the way.</summary>
    private async Task<ShellResult> ImportAsync(string source, params string[] options) => await Shell.RunAsync(
        s_patience, Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent"),
        ["model", "import", source, "--out", Path.Combine(_folder.Path, "new", "package"), .. options]);

    private string WriteFolder() => ZeroModel.WriteTexts(
        new ZeroModel(Layers: 1, Hidden: 64, Ffn: 64, Heads: 4, Vocabulary: 384)
            .Write(Path.Combine(_folder.Path, "source")));

    /// <summary>Everything stands in the first of two shards, of which the second is not there.</summary>
    private static void WriteIndex(string source)
    {
        File.Move(Path.Combine(source, ZeroModel.WeightsFile), Path.Combine(source, "model-1.safetensors"));
        File.WriteAllText(Path.Combine(source, "model.safetensors.index.json"), new JsonObject
        {
            ["weight_map"] = new JsonObject
            {
                ["model.norm.weight"] = "model-1.safetensors",
                ["model.embed_tokens.weight"] = "model-2.safetensors",
            },
        }.ToJsonString());
    }

    private static void Cut(string source, string name, long length)
    {
        using var file = File.OpenWrite(Path.Combine(source, name));
        file.SetLength(length);
    }

    private static void Change(string source, string name, string from, string to)
    {
        var path = Path.Combine(source, name);
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(path));
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(text.Replace(from, to, StringComparison.Ordinal)));
    }
}
