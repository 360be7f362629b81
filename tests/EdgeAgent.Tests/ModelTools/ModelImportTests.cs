using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>An import makes a whole package or leaves its output as it was.</summary>
public sealed class ModelImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Nano_imported_again_is_the_embedded_package_byte_for_byte()
    {
        var source = Path.GetDirectoryName(Repository.SharedPath("nano/model.safetensors"))!;
        var output = _folder.File("nano");
        var manifest = TinyModel.Import(new ImportOptions { Source = source, Output = output });
        var embedded = PackageFolder.Open(NanoPackages.Embedded).Manifest;

        string[] made = ["model.data", "level-0.onnx", "level-1.onnx", "level-2.onnx", "level-3.onnx", "tokenizer.json",
            "chat_template.jinja"];
        Assert.Equal(made, manifest.Files.Select(file => file.Name));
        Assert.Equal(embedded.Files.Where(file => made.Contains(file.Name)), manifest.Files);
        Assert.All(made, name => Assert.True(
            File.ReadAllBytes(Path.Combine(NanoPackages.Embedded, name)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(output, name))), name));
    }

    [Fact]
    public void An_import_is_whole()
    {
        var manifest = TinyModel.Import(Options());
        Assert.Empty(PackageFolder.Open(_folder.File("out")).Verify());
        Assert.Equal((2, "tiny", "1.0.0"), (manifest.Levels.Count, manifest.Name, manifest.Version));
        Assert.Equal([32, 0], manifest.Levels[1].FfnChannels);
        Assert.Equal(["out", "tiny"],
            Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData(QuantizationMethod.None, 0)]
    [InlineData(QuantizationMethod.Rtn, 0)]
    [InlineData(QuantizationMethod.Auto, 80)]
    public void Progress_grows_with_what_is_written_and_is_whole_when_the_package_stands(
        QuantizationMethod method, int before)
    {
        var options = Options() with { Quantization = method, Levels = 3 };
        TinyModel.WriteWithoutLevels(options.Source, seed: 4, channels: 1024);
        var reports = new List<(long Percent, bool Stands, long Bytes)>();
        var weights = Path.Combine($"{options.Output}.partial-{Environment.ProcessId}", "model.data");
        TinyModel.Import(options, percent => reports.Add((percent, Directory.Exists(options.Output),
            File.Exists(weights) ? new FileInfo(weights).Length : 0)));

        var percents = reports.Select(report => report.Percent).ToList();
        Assert.Equal(percents.Distinct().Order(), percents);
        Assert.Equal((100, true), (reports[^1].Percent, reports[^1].Stands));
        Assert.All(reports[..^1], report => Assert.False(report.Stands));
        // The bar is never ahead of what is on the disk.
        var whole = new FileInfo(Path.Combine(options.Output, "model.data")).Length;
        Assert.All(reports[..^1].Where(report => report.Percent > before), report => Assert.InRange(
            100.0 * report.Bytes / whole,
            (100.0 * (report.Percent - before) / (100 - before)) - 3, 100));
    }

    [Fact]
    public void An_import_over_a_package_keeps_what_people_wrote()
    {
        TinyModel.Import(Options() with { Licence = "MIT" });
        File.WriteAllText(Path.Combine(_folder.File("out"), "card.md"), "# Tiny");
        var again = TinyModel.Import(Options() with { Version = "1.1.0" });
        Assert.Equal(("MIT", "1.1.0"), (again.Licence, again.Version));
        Assert.Equal("# Tiny", File.ReadAllText(Path.Combine(_folder.File("out"), "card.md")));
        Assert.Empty(PackageFolder.Open(_folder.File("out")).Verify());
    }

    [Fact]
    public void What_a_killed_import_left_is_gone_after_the_next_and_a_package_that_it_had_moved_is_back()
    {
        var output = _folder.File("out");
        var killed = $"{output}.partial-{int.MaxValue}";
        Directory.CreateDirectory($"{killed}.draft");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(killed).FullName, "model.data"), "half");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory($"{killed}.old").FullName, "manifest.json"), "{}");
        string[] others = [$"{output}.partial-x", $"{output}.partial-1", $"{output}2.partial-{int.MaxValue}"];
        Array.ForEach(others, folder => Directory.CreateDirectory(folder));

        ModelImport.TakeAwayLeftovers(output);

        Assert.Equal("{}", File.ReadAllText(Path.Combine(output, "manifest.json")));
        Assert.Equal([output, .. others.Order()],
            Directory.GetDirectories(_folder.Path).Where(path => path.StartsWith(output, StringComparison.Ordinal))
                .Order());
    }

    [Fact]
    public void A_folder_that_is_no_package_is_never_replaced()
    {
        var options = Options();
        Directory.CreateDirectory(options.Output);
        File.WriteAllText(Path.Combine(options.Output, "thesis.txt"), "years of work");
        var error = Assert.Throws<ModelToolsException>(() => TinyModel.Import(options));
        Assert.Equal(ModelToolsFault.OutputExists, error.Fault);
        Assert.Equal("years of work", File.ReadAllText(Path.Combine(options.Output, "thesis.txt")));
    }

    [Fact]
    public void A_package_beside_which_people_put_a_file_is_never_replaced()
    {
        var options = Options();
        TinyModel.Import(options);
        File.WriteAllText(Path.Combine(options.Output, "thesis.txt"), "years of work");
        var error = Assert.Throws<ModelToolsException>(() => TinyModel.Import(options));
        Assert.Equal(ModelToolsFault.OutputExists, error.Fault);
        Assert.Contains("thesis.txt", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(options.Output, "thesis.txt")));
    }

    [Fact]
    public void A_file_in_place_of_the_output_is_never_replaced()
    {
        var options = Options();
        File.WriteAllText(options.Output, "x");
        Assert.Equal(ModelToolsFault.OutputExists,
            Assert.Throws<ModelToolsException>(() => TinyModel.Import(options)).Fault);
        Assert.Equal("x", File.ReadAllText(options.Output));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_failed_import_leaves_the_output_as_it_was(bool existing)
    {
        var options = Options();
        var before = existing ? Imported(options) : null;
        using (var weights = File.OpenWrite(Path.Combine(options.Source, "model.safetensors")))
        {
            weights.SetLength(weights.Length - 1);
        }
        Assert.Equal(ModelToolsFault.SourceInvalid,
            Assert.Throws<ModelToolsException>(() => TinyModel.Import(options)).Fault);
        AssertAsBefore(options.Output, before);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancelled_import_leaves_the_output_as_it_was(bool existing)
    {
        var options = Options();
        var before = existing ? Imported(options) : null;
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ModelImport.Run(options, percent =>
        {
            if (percent > 20)
            {
                cancel.Cancel();
            }
        }, cancel.Token));
        AssertAsBefore(options.Output, before);
    }

    [Theory]
    [InlineData("Not A Name", "name is 'Not A Name'")]
    [InlineData("../up", "name is '../up'")]
    public void A_name_that_the_agent_would_refuse_is_refused_now(string name, string says)
    {
        var error = Assert.Throws<ModelToolsException>(() => TinyModel.Import(Options() with { Name = name }));
        Assert.Equal(ModelToolsFault.SourceInvalid, error.Fault);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        AssertAsBefore(_folder.File("out"), null);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    public void A_file_that_the_source_lacks_is_named(string name)
    {
        var options = Options();
        File.Delete(Path.Combine(options.Source, name));
        var error = Assert.Throws<ModelToolsException>(() => TinyModel.Import(options));
        Assert.Equal(ModelToolsFault.SourceMissing, error.Fault);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        AssertAsBefore(options.Output, null);
    }

    [Theory]
    [InlineData("tokenizer.json", "{", "tokenizer.json")]
    [InlineData("tokenizer.json", "{}", "tokenizer.json.model is missing")]
    [InlineData("tokenizer.json", """{"model":{"type":"BPE","vocab":{},"merges":[]}}""",
        "tokenizer.json: decoder is missing")]
    [InlineData("tokenizer_config.json", """{"chat_template":"{% for x in y %}"}""",
        "tokenizer_config.json: chat_template: ")]
    [InlineData("tokenizer_config.json", """{"a":1,"a":2}""", "tokenizer_config.json: ")]
    public void A_text_file_that_the_agent_could_not_use_is_refused_now(string name, string content, string says)
    {
        var options = Options();
        File.WriteAllText(Path.Combine(options.Source, name), content);
        var error = Assert.Throws<ModelToolsException>(() => TinyModel.Import(options));
        Assert.Equal(ModelToolsFault.SourceInvalid, error.Fault);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        AssertAsBefore(options.Output, null);
    }

    [Fact]
    public void A_tokenizer_with_more_tokens_than_the_model_is_refused_with_both_counts()
    {
        var options = Options();
        var path = Path.Combine(options.Source, "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("4096", "4095", StringComparison.Ordinal));
        var error = Assert.Throws<ModelToolsException>(() => TinyModel.Import(options));
        Assert.Equal("tokenizer.json: model.vocab and added_tokens have ids up to 4095; the model has 4095 tokens "
            + "(vocab_size).", error.Message);
        AssertAsBefore(options.Output, null);
    }

    [Theory]
    [InlineData("{% for i in range(10**9) %}{% endfor %}", "needs more than 100000 steps")]
    [InlineData("{% if messages|length > 1 %}{% for i in range(10**9) %}{% endfor %}{% endif %}",
        "needs more than 100000 steps")]
    [InlineData("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe")]
    [InlineData("{% if messages[0].role == 'system' %}{{ messages.pop() }}{% endif %}", "the method 'pop'")]
    [InlineData("{{ raise_exception('no questions') }}", "no questions")]
    [InlineData("{{ nothing.of.it }}", "is undefined")]
    public void A_template_that_could_not_be_used_is_found_by_the_import(string template, string says)
    {
        var options = Options();
        File.WriteAllText(Path.Combine(options.Source, "chat_template.jinja"), template);
        var error = Assert.Throws<ModelToolsException>(() => TinyModel.Import(options));
        Assert.StartsWith("chat_template.jinja: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        AssertAsBefore(options.Output, null);
    }

    [Theory]
    [InlineData("{% if messages[0].role == 'system' %}{{ raise_exception('no system text') }}{% endif %}")]
    [InlineData("{% for m in messages %}{{ nothing.of.it if m.role == 'assistant' }}{% endfor %}")]
    public void A_template_that_renders_a_question_is_taken_even_if_it_refuses_other_texts(string template)
    {
        var options = Options();
        File.WriteAllText(Path.Combine(options.Source, "chat_template.jinja"), template);
        Assert.NotNull(TinyModel.Import(options).Chat);
    }

    [Fact]
    public void A_failed_import_takes_away_the_folders_that_it_made_on_the_way()
    {
        var options = Options() with { Output = Path.Combine(_folder.File("new"), "deep", "out") };
        File.Delete(Path.Combine(options.Source, "model.safetensors"));
        Assert.Throws<ModelToolsException>(() => TinyModel.Import(options));
        Assert.False(Path.Exists(_folder.File("new")));
    }

    [Theory]
    [InlineData("My Model (v2)", "my-model--v2-")]
    [InlineData("__x", "x")]
    [InlineData("___", "model")]
    public void The_name_of_a_source_becomes_one_that_a_manifest_allows(string folder, string name)
    {
        var options = Options() with { Source = TinyModel.Write(_folder.File(folder), seed: 1) };
        Assert.Equal(name, TinyModel.Import(options).Name);
    }

    public void Dispose() => _folder.Dispose();

    private ImportOptions Options() => new()
    {
        Source = Directory.Exists(_folder.File("tiny")) ? _folder.File("tiny")
            : TinyModel.Write(_folder.File("tiny"), seed: 1),
        Output = _folder.File("out"),
    };

    private static Dictionary<string, byte[]> Imported(ImportOptions options)
    {
        TinyModel.Import(options);
        return Directory.EnumerateFiles(options.Output).ToDictionary(path => path, File.ReadAllBytes);
    }

    private void AssertAsBefore(string output, Dictionary<string, byte[]>? before)
    {
        if (before is null)
        {
            Assert.False(Path.Exists(output));
        }
        else
        {
            Assert.Equal(before.Keys.Order(), Directory.EnumerateFileSystemEntries(output).Order());
            Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));
        }
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_folder.Path),
            entry => entry.Contains(".partial", StringComparison.Ordinal));
    }
}
