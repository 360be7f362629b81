using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference;

/// <summary>How an answer ends, and that a stop string is found wherever tokens cut it.</summary>
public sealed class GenerationTests(ITestOutputHelper output)
{
    private const int StopToken = 2;

    private static readonly Tokenizer Tokenizer =
        Tokenizer.LoadFile(Path.Combine(NanoReference.Folder, "tokenizer.json"));

    [Fact]
    public void A_stop_token_ends_the_answer_and_is_not_in_its_text()
    {
        var generation = Generation("Verdict: pass.", tokens: 100);
        Accept(generation, Encode("Verdict: pass."));
        Assert.Equal(GenerationEnd.None, generation.End);
        Accept(generation, [StopToken]);
        Assert.Equal(GenerationEnd.Stop, generation.End);
        Assert.Equal("Verdict: pass.", generation.Text());
        Assert.Equal(StopToken, generation.Tokens[^1]);
    }

    [Fact]
    public void The_token_limit_ends_the_answer()
    {
        var tokens = Encode("one two three four five");
        var generation = Generation("x", tokens: 3);
        Accept(generation, tokens[..3]);
        Assert.Equal((GenerationEnd.Length, 3), (generation.End, generation.Count));
        Assert.Equal(Tokenizer.Decode(tokens.AsSpan(0, 3)), generation.Text());
    }

    [Fact]
    public void A_full_context_ends_the_answer()
    {
        var generation = new Generation(Tokenizer, [StopToken], Tokenizer.VocabularySize, [5, 6, 7], context: 5,
            new GenerationOptions());
        Accept(generation, [8, 9]);
        Assert.Equal((GenerationEnd.Length, 5), (generation.End, generation.Length));
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    [InlineData(9, false)]
    public void A_prompt_must_leave_room_for_one_token(int tokens, bool fits)
    {
        var prompt = Enumerable.Repeat(5, tokens).ToArray();
        Generation Make() =>
            new(Tokenizer, [StopToken], Tokenizer.VocabularySize, prompt, context: 5, new GenerationOptions());
        if (fits)
        {
            Assert.Equal(tokens, Make().Prompt.Length);
            return;
        }
        var error = Assert.Throws<InferenceException>(Make);
        Assert.Equal(InferenceFault.ContextExceeded, error.Fault);
        Assert.Contains($"{tokens} tokens", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Verdict: pass. Action: accept.", "pass", "Verdict: ")]
    [InlineData("Verdict: pass. Action: accept.", "Verdict", "")]
    [InlineData("Verdict: pass. Action: accept.", ".", "Verdict: pass")]
    [InlineData("Prüfung läuft: 52 °C, in Ordnung 😀 Ende", "😀", "Prüfung läuft: 52 °C, in Ordnung ")]
    [InlineData("Prüfung läuft: 52 °C", "°C", "Prüfung läuft: 52 ")]
    [InlineData("aaab aaaab", "aaaab", "aaab ")]
    public void A_stop_string_ends_the_answer_and_is_cut_off(string text, string stop, string expected)
    {
        var generation = Generation("x", tokens: 200, stop);
        Accept(generation, Encode(text));
        Assert.Equal(GenerationEnd.Stop, generation.End);
        Assert.Equal(expected, generation.Text());
    }

    [Fact]
    public void The_stop_string_that_begins_first_counts()
    {
        var generation = Generation("x", tokens: 200, "accept", "Action", "pass. Act");
        Accept(generation, Encode("Verdict: pass. Action: accept."));
        Assert.Equal("Verdict: ", generation.Text());
    }

    [Theory]
    [InlineData(51)]
    [InlineData(52)]
    public void A_stop_string_is_found_across_any_token_borders(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        const string text = "Faults: E181 low battery x4, Störung äöü °C 😀😀 end of shift, parts: 3 passed.";
        for (var round = 0; round < 300; round++)
        {
            var runes = text.EnumerateRunes().ToArray();
            var from = random.Next(runes.Length);
            var stop = string.Concat(runes.Skip(from).Take(random.Next(1, 16)));
            var generation = Generation("x", tokens: 400, stop, "never there");
            Accept(generation, EncodeInPieces(text, random));
            Assert.Equal(GenerationEnd.Stop, generation.End);
            Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], generation.Text());
        }
    }

    [Fact]
    public void A_special_token_does_not_break_a_stop_string()
    {
        var generation = Generation("x", tokens: 50, "pass");
        Accept(generation, [.. Encode("pa"), 1, .. Encode("ss")]);
        Assert.Equal(GenerationEnd.Stop, generation.End);
        Assert.Equal("", generation.Text());
    }

    private static Generation Generation(string prompt, int tokens, params string[] stop) => new(
        Tokenizer, [StopToken], Tokenizer.VocabularySize, Encode(prompt), 1024,
        new GenerationOptions { MaximumTokens = tokens, Stop = stop, Sampling = new SamplingOptions() });

    /// <summary>Makes each token the likeliest in turn, until the answer ends.</summary>
    private static void Accept(Generation generation, int[] tokens)
    {
        foreach (var token in tokens)
        {
            if (generation.End != GenerationEnd.None)
            {
                return;
            }
            var logits = new float[Tokenizer.VocabularySize];
            logits[token] = 1;
            generation.Accept(logits);
            Assert.Equal(token, generation.Token);
        }
    }

    private static int[] Encode(string text)
    {
        var tokens = new List<int>();
        Tokenizer.Encode(text, tokens);
        return [.. tokens];
    }

    /// <summary>Other tokens than the tokenizer would choose: the text is cut at random places first.</summary>
    private static int[] EncodeInPieces(string text, Random random)
    {
        var tokens = new List<int>();
        var piece = "";
        foreach (var rune in text.EnumerateRunes())
        {
            piece += rune;
            if (random.Next(3) == 0)
            {
                tokens.AddRange(Encode(piece));
                piece = "";
            }
        }
        return [.. tokens, .. Encode(piece)];
    }
}
