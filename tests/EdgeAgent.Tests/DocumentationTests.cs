using System.Diagnostics;
using System.Text.Json.Nodes;
using EdgeAgent.Tests.Tidy;

namespace EdgeAgent.Tests;

/// <summary>What the documents show is there and is so; Tidy/Documents.cs has the marks.</summary>
public sealed class DocumentationTests
{
    private static IEnumerable<SourceFile> Markdown =>
        Checkout.Texts.Where(file => file.Path.EndsWith(".md", StringComparison.Ordinal));

    private static IEnumerable<MarkedBlock> Blocks => Markdown.SelectMany(Documents.Blocks);

    [Fact]
    public void A_link_between_our_documents_leads_somewhere() => Assert.Empty(Markdown.SelectMany(document =>
        Documents.DeadLinks(document, path => Path.Exists(FullPath(path)))));

    [Fact]
    public void A_block_that_is_marked_to_run_is_a_shell_script()
    {
        var run = Blocks.Where(block => block.Mark == Documents.Run).ToList();
        Assert.NotEmpty(run);
        Assert.All(run, block => Assert.Equal("", ShellFaultOf(block)));
    }

    [Fact, Trait("Tier", "long")]
    public async Task A_block_that_is_marked_to_run_runs_in_a_fresh_copy_of_the_checkout()
    {
        var copy = Directory.CreateTempSubdirectory("edge-agent-readme-");
        try
        {
            foreach (var path in Checkout.Paths)
            {
                var target = Path.Combine(copy.FullName, path);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(FullPath(path), target);
            }
            foreach (var block in Blocks.Where(block => block.Mark == Documents.Run))
            {
                using var bash = Process.Start(new ProcessStartInfo("bash")
                {
                    ArgumentList = { "-euc", $"exec 2>&1\n{block.Text}" },
                    WorkingDirectory = copy.FullName,
                    RedirectStandardOutput = true,
                })!;
                var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
                await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
                Assert.True(bash.ExitCode == 0, $"{block.Document}:{block.Line}: exit code {bash.ExitCode}\n{output}");
            }
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_block_that_is_marked_to_compare_equals_its_file()
    {
        foreach (var block in Blocks.Where(IsCompared))
        {
            var path = block.Mark![Documents.Compare.Length..];
            var text = File.ReadAllText(FullPath(path));
            var isSame = block.Language == "json"
                ? JsonNode.DeepEquals(JsonNode.Parse(block.Text), JsonNode.Parse(text))
                : block.Text == text;
            Assert.True(isSame, $"{block.Document}:{block.Line}: the block differs from {path}");
        }
    }

    [Fact]
    public void A_mark_is_one_that_a_test_reads() => Assert.All(Blocks.Where(block => block.Mark is not null), block =>
        Assert.True(block.Mark == Documents.Run || IsCompared(block) || IsProtocolExample(block),
            $"{block.Document}:{block.Line}: unknown mark '{block.Mark}'"));

    [Fact]
    public void A_dead_link_and_a_marked_block_are_found()
    {
        var document = new SourceFile("docs/a.md",
            "[x](b.md#c) [y](../d.md) [z](https://e)\n<!-- run -->\n```sh\nls\n```\n");
        Assert.Single(Documents.DeadLinks(document, path => path == "d.md"));
        Assert.Equal(new MarkedBlock("docs/a.md", 3, "sh", "run", "ls\n"), Assert.Single(Documents.Blocks(document)));
    }

    private static bool IsCompared(MarkedBlock block) =>
        block.Mark?.StartsWith(Documents.Compare, StringComparison.Ordinal) == true;

    /// <summary>Read by Protocol/ProtocolPageTests, which knows each of its marks.</summary>
    private static bool IsProtocolExample(MarkedBlock block) => block.Document == "docs/PROTOCOL.md";

    private static string FullPath(string path) => Path.Combine(Repository.Root, path);

    /// <summary>What bash says to the block without running it; empty when it reads well.</summary>
    private static string ShellFaultOf(MarkedBlock block)
    {
        Assert.Equal("sh", block.Language);
        using var bash = Process.Start(new ProcessStartInfo("bash")
        {
            ArgumentList = { "-n" },
            RedirectStandardInput = true,
            RedirectStandardError = true,
        })!;
        bash.StandardInput.Write(block.Text);
        bash.StandardInput.Close();
        var faults = bash.StandardError.ReadToEnd();
        bash.WaitForExit();
        return faults.Length == 0 ? "" : $"{block.Document}:{block.Line}: {faults}";
    }
}
