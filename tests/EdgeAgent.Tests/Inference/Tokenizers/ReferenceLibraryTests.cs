using System.Text;
using System.Text.Json;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>Random texts through every known pattern and variant, against the reference library (make.cjs).</summary>
public sealed class ReferenceLibraryTests
{
    // EDGEAGENT_TOKENIZER_VECTORS: a folder with longer files from the same script.
    private static readonly string Folder = Environment.GetEnvironmentVariable("EDGEAGENT_TOKENIZER_VECTORS")
        ?? Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/tokenizers");

    public static TheoryData<string> Patterns => Names("pieces.json");

    public static TheoryData<string> Variants => Names("variants.json");

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Text_is_cut_where_the_reference_cuts(string name)
    {
        var entry = Entry("pieces.json", name);
        var reader = PreTokenizerReader.Read(Bytes(entry.GetProperty("pre_tokenizer")));
        var preparation = new TextChanger([.. reader.Preparation]);
        foreach (var item in entry.GetProperty("cases").EnumerateArray())
        {
            var text = item.GetProperty("text").GetString()!;
            var prepared = preparation.Change(Encoding.UTF8.GetBytes(text), new TextPlace(true, true)).ToArray();
            var ends = new List<int>();
            Cut(reader.Stages, 0, prepared, 0, prepared.Length, ends);
            Assert.True(Numbers(item, "ends").SequenceEqual(ends), $"{Show(text)}: {string.Join(' ', ends)}");
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Tokens_and_text_are_those_of_the_reference(string name)
    {
        var entry = Entry("variants.json", name);
        var tokenizer = Tokenizer.Load(Bytes(entry.GetProperty("tokenizer")));
        foreach (var item in entry.GetProperty("cases").EnumerateArray())
        {
            var text = item.GetProperty("text").GetString()!;
            var ids = new List<int>();
            tokenizer.Encode(text, ids, recogniseSpecial: true);
            Assert.True(Numbers(item, "ids").SequenceEqual(ids), $"{Show(text)}: {string.Join(' ', ids)}");
            if (item.TryGetProperty("decoded", out var decoded))
            {
                Assert.Equal(decoded.GetString(), tokenizer.Decode([.. ids], showSpecial: true));
                Assert.Equal(item.GetProperty("shown").GetString(), tokenizer.Decode([.. ids]));
            }
        }
    }

    private static void Cut(List<PreTokenizer> stages, int stage, byte[] text, int start, int end, List<int> ends)
    {
        if (stage == stages.Count)
        {
            ends.Add(end);
            return;
        }
        for (int at = start, next; at < end; at = next)
        {
            next = start + stages[stage].PieceEnd(text.AsSpan(start, end - start), at - start);
            Cut(stages, stage + 1, text, at, next, ends);
        }
    }

    private static JsonElement Entry(string file, string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file)));
        return document.RootElement.EnumerateArray()
            .Single(entry => entry.GetProperty("name").GetString() == name).Clone();
    }

    private static TheoryData<string> Names(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file)));
        return [.. document.RootElement.EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)];
    }

    private static byte[] Bytes(JsonElement element) => Encoding.UTF8.GetBytes(element.GetRawText());

    private static IEnumerable<int> Numbers(JsonElement item, string field) =>
        item.GetProperty(field).EnumerateArray().Select(number => number.GetInt32());

    private static string Show(string text) => JsonSerializer.Serialize(text);
}
