using System.Text;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>S36: every further file that an import reads ends, bent, in what it says or in the declared exception,
/// within its memory.</summary>
public sealed class FolderFuzzTests(ITestOutputHelper output)
{
    private const string GenerationFile = "generation_config.json";
    private const string TokenizerConfigFile = "tokenizer_config.json";
    private const string PruningFile = "pruning.json";

    private static readonly string[] s_cardLines =
    [
        "---", "license: apache-2.0", "license: other", "license_name: gemma terms", "license:", "license: \"MIT\"",
        "tags:", "- a", "", "\r", "\t", "---\r", "license:'\0'", "licence: mit", "# Model", "license: é€😀", "…",
    ];

    [Fact]
    public void A_bent_generation_config_is_refused_by_the_declared_exception_only()
    {
        var config = TinyModel.Config();
        using var document = HuggingFaceFolder.Parse("config.json", Encoding.UTF8.GetBytes(config.ToJsonString()));
        var root = new ConfigReader("config.json", document.RootElement);
        Fuzz(seed: 501, GenerationFile, """{"bos_token_id":1,"eos_token_id":[2,7],"temperature":0.6,"eos":[3]}""",
            reader => DecoderConfigReader.Read(root, reader),
            read => Assert.All(read.StopTokens, token => Assert.InRange(token, 0, read.VocabularySize - 1)),
            // Without the field there, config.json must have it.
            otherFile: "config.json");
    }

    [Fact]
    public void A_bent_tokenizer_config_is_refused_by_the_declared_exception_only() => Fuzz(
        seed: 502, TokenizerConfigFile,
        """{"bos_token":{"content":"<s>","special":true},"eos_token":"</s>","chat_template":"""
        + """[{"name":"tool_use","template":"{{ 1 }}"},{"name":"default","template":"{{ messages }}"}]}""",
        reader => HuggingFaceFolder.ChatFormat(reader, templateFile: null),
        chat => Assert.True(chat is null || chat.Template.Length >= 0 && chat.Origin.Contains(TokenizerConfigFile)));

    [Fact]
    public void A_bent_ladder_is_refused_by_the_declared_exception_only()
    {
        using var document = HuggingFaceFolder.Parse("config.json",
            Encoding.UTF8.GetBytes(TinyModel.Config().ToJsonString().Replace("\"vocab", "\"eos_token_id\":2,\"vocab")));
        var model = DecoderConfigReader.Read(new ConfigReader("config.json", document.RootElement), generation: null);
        Fuzz(seed: 503, PruningFile,
            """{"slice_width":32,"slices":2,"levels":[{"kept_slices":[2,2]},{"kept_slices":[1,0],"x":{}}]}""",
            reader => HuggingFaceFolder.Levels(reader, model),
            levels => Assert.All(levels, level =>
            {
                Assert.Equal(model.Layers, level.Count);
                Assert.All(level, channels => Assert.InRange(channels, 0, model.IntermediateSize));
            }));
    }

    /// <summary>A card is never refused: one that says nothing has no licence.</summary>
    [Fact]
    public void A_bent_model_card_names_a_licence_or_none()
    {
        const int seed = 504;
        new FuzzLoop<ModelToolsException>(seed, output) { BudgetBytes = 16 << 10, BudgetOfByte = 8 }.Run(
            [.. s_cardLines.Select(line => Encoding.UTF8.GetBytes($"---\n{line}\nlicense: mit\n---\n"))],
            BendCard,
            input => SourceLicence.OfCard(Encoding.UTF8.GetString(input)),
            (licence, _) => Assert.True(licence is null || licence.Length is > 0 and <= 80
                && licence.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-')));
    }

    [Fact]
    public void A_bent_task_is_refused_by_the_declared_exception_only()
    {
        const int seed = 505;
        const string honest =
            """{"task":"measure","messages":[{"role":"user","content":"61.5 C?"}],"expected":"61.5"}""";
        new FuzzLoop<ModelToolsException>(seed, output) { BudgetBytes = 16 << 10, BudgetOfByte = 32 }.RunJson(
            honest,
            mostChanges: 2,
            input => TaskFile.Parse("tasks.jsonl", 7, Encoding.UTF8.GetString(input)),
            (task, _) =>
            {
                Assert.NotNull(task.Task);
                Assert.NotNull(task.Expected);
                Assert.All(task.Messages, message => Assert.NotNull(message.Role + message.Content));
            },
            error => Assert.StartsWith("tasks.jsonl, line 7: ", error.Message, StringComparison.Ordinal));
    }

    private void Fuzz<T>(int seed, string file, string honest, Func<ConfigReader, T> read, Action<T> use,
        string? otherFile = null)
    {
        new FuzzLoop<ModelToolsException>(seed, output) { BudgetBytes = 32 << 10, BudgetOfByte = 32 }.RunJson(
            honest,
            mostChanges: 2,
            input =>
            {
                using var document = HuggingFaceFolder.Parse(file, input);
                return read(new ConfigReader(file, document.RootElement));
            },
            (result, _) => use(result),
            error => Assert.True(error.Message.StartsWith($"{file}: ", StringComparison.Ordinal)
                || (otherFile is not null && error.Message.StartsWith($"{otherFile}: ", StringComparison.Ordinal)),
                error.Message));
    }

    private static byte[] BendCard(byte[] honest, Random random)
    {
        var lines = Encoding.UTF8.GetString(honest).Split('\n').ToList();
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var line = s_cardLines[random.Next(s_cardLines.Length)];
            lines.Insert(random.Next(lines.Count + 1), random.Next(8) == 0
                ? string.Concat(Enumerable.Repeat(line, 40)) : line);
        }
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        for (var damages = random.Next(3); damages > 0; damages--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }
        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
