using System.Diagnostics;
using System.Globalization;
using EdgeAgent.Tests.ModelTools.Gguf;

namespace EdgeAgent.EndToEnd;

/// <summary>`model import` reads what strangers wrote in a process without network, with a limit of memory.</summary>
public sealed class ImportSandboxTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();

    private string Output => Path.Combine(_folder.Path, "package");

    [Fact]
    public async Task An_import_makes_the_same_package_in_the_sandbox_as_without()
    {
        var source = Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/gguf/llama.gguf");
        var agent = Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent");
        var free = Path.Combine(_folder.Path, "free");
        var sandboxed = await Shell.RunAsync(s_patience, agent, "model", "import", source, "--out", Output);
        sandboxed.Expect();
        (await Shell.RunAsync(s_patience, agent, "model", "import", source, "--out", free, "--no-sandbox")).Expect();
        Assert.Contains("Try it: edge-agent ask", sandboxed.Output, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(free, "manifest.json"), Cancel),
            await File.ReadAllTextAsync(Path.Combine(Output, "manifest.json"), Cancel));
        var verified = await Shell.RunAsync(s_patience, agent, "model", "verify", Output);
        verified.Expect();
    }

    [Fact]
    public async Task The_process_that_reads_the_source_has_no_sockets_and_a_limit_and_ends_with_its_parent()
    {
        await using var import = await StartLongImportAsync();
        var child = await WorkingProcessAsync(import);
        Assert.NotEqual(import.Id, child);
        var status = await File.ReadAllLinesAsync($"/proc/{child}/status", Cancel);
        Need.That(!import.Log().Contains("lacks something", StringComparison.Ordinal), "needs seccomp and Landlock");
        Assert.Contains("Seccomp:\t2", status);
        Assert.Contains("NoNewPrivs:\t1", status);
        var limits = await File.ReadAllLinesAsync($"/proc/{child}/limits", Cancel);
        Assert.DoesNotContain("unlimited", limits.Single(
            line => line.StartsWith("Max data size", StringComparison.Ordinal)), StringComparison.Ordinal);

        using (var parent = Process.GetProcessById(import.Id))
        {
            parent.Kill();
        }

        await NothingLeftAsync(import);
    }

    [Fact]
    public async Task An_import_whose_reading_process_is_killed_says_so_and_leaves_nothing()
    {
        await using var import = await StartLongImportAsync();
        using (var child = Process.GetProcessById(await WorkingProcessAsync(import)))
        {
            child.Kill();
        }
        Assert.Equal(1, await import.ExitAsync());
        await NothingLeftAsync(import);
        Assert.Contains("ended by signal 9, most likely for want of memory: the sandbox gives it", import.Log(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_interrupted_import_leaves_nothing_and_says_how_to_go_on(bool free)
    {
        await using var import = await StartLongImportAsync(free ? ["--no-sandbox"] : []);
        var worker = await WorkingProcessAsync(import);
        Assert.Equal(free, worker == import.Id);

        // As a terminal does: every process of the group gets Ctrl-C.
        using var interrupt = Process.Start("kill", ["-INT", .. new[] { import.Id, worker }.Distinct().Select(Number)]);

        Assert.Equal(1, await import.ExitAsync());
        await NothingLeftAsync(import);
        Assert.Contains($"interrupted; {Output} is as it was. Run the same command again", import.Log(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_small_file_that_unfolds_to_more_than_the_memory_limit_is_one_error()
    {
        var source = Path.Combine(_folder.Path, "unfolds.gguf");
        WriteUnfolding(source);
        var agent = Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent");
        var result = await Shell.RunAsync(
            s_patience, agent, "model", "import", source, "--out", Output, "--quant", "rtn");
        Assert.Equal(1, result.ExitCode);
        var error = Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => !line.StartsWith("weights: ", StringComparison.Ordinal));
        Assert.Matches(@"unfolds\.gguf: the import needs more memory: the sandbox gives it \d+ MiB\. .*--no-sandbox",
            error);
        Assert.Equal([source], Directory.GetFileSystemEntries(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Number(int id) => id.ToString(CultureInfo.InvariantCulture);

    private async Task<AgentProcess> StartLongImportAsync(params string[] options)
    {
        // A few hundred megabytes that take no room on the disk.
        var source = new ZeroModel(Layers: 24, Hidden: 1024, Ffn: 4096, Heads: 16, Vocabulary: 32_768)
            .Write(Path.Combine(_folder.Path, "source"));
        var agent = Path.Combine(await PublishedAgent.FolderAsync(), "edge-agent");
        // A shell that runs the tests in the background has them ignore Ctrl-C, and all that they start.
        return AgentProcess.Start(_folder.Path, [],
            ["env", "--default-signal=INT", agent, "model", "import", source, "--out", Output, .. options]);
    }

    /// <summary>The process whose number is in the name of the folder that is being made.</summary>
    private async Task<int> WorkingProcessAsync(AgentProcess import)
    {
        const string mark = ".partial-";
        await Shell.UntilAsync(s_patience, "the import has begun to write",
            () => Task.FromResult(Directory.GetDirectories(_folder.Path, $"package{mark}*").Length == 1),
            () => Task.FromResult(import.Log()));
        var name = Assert.Single(Directory.GetDirectories(_folder.Path, $"package{mark}*"));
        return int.Parse(name[(name.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..], null);
    }

    private Task NothingLeftAsync(AgentProcess import) => Shell.UntilAsync(s_patience, "nothing is left of the import",
        () => Task.FromResult(Directory.GetFileSystemEntries(_folder.Path, "package*").Length == 0),
        () => Task.FromResult(import.Log()));

    /// <summary>An FFN of 2^20 channels in Q2_K, 84 bytes for 256 weights: 352 MB here, 4.3 GB as floats.</summary>
    private static void WriteUnfolding(string path)
    {
        const int rows = 1 << 20, width = 1024, tokens = 4;
        const uint q2K = 10;
        var writer = new GgufWriter()
            .Text("general.architecture", "llama").UInt32("llama.context_length", 64)
            .UInt32("llama.embedding_length", width).UInt32("llama.block_count", 1)
            .UInt32("llama.feed_forward_length", rows).UInt32("llama.attention.head_count", 16)
            .Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "gpt-2")
            .Texts("tokenizer.ggml.tokens", "</s>", "a", "b", "ab").Texts("tokenizer.ggml.merges", "a b")
            .UInt32("tokenizer.ggml.eos_token_id", 0)
            .Tensor("token_embd.weight", [tokens, width], new float[tokens * width]);
        foreach (var norm in new[] { "attn_norm", "ffn_norm" })
        {
            writer.Tensor($"blk.0.{norm}.weight", [width], new float[width]);
        }
        foreach (var matrix in new[] { "attn_q", "attn_k", "attn_v", "attn_output" })
        {
            writer.Tensor($"blk.0.{matrix}.weight", [width, width], q2K, new byte[width * width / 256 * 84]);
        }
        var head = writer.Tensor("blk.0.ffn_gate.weight", [rows, width], q2K, []).ToArray();
        using var file = File.Create(path);
        file.Write(head);
        file.SetLength(head.Length + ((long)rows * width / 256 * 84));
    }
}
