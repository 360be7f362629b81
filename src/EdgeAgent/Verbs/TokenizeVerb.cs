using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Verbs;

/// <summary>`tokenize`: shows how a model cuts text into tokens.</summary>
internal static class TokenizeVerb
{
    private const int MaximumTextBytes = 16 << 20;

    public static Command Create()
    {
        var path = new Argument<string>("PATH")
        {
            Description = "Model package, Hugging Face folder, or tokenizer.json",
        };
        var decode = ModelArguments.Text("--decode", "1,2,3", "Turn these ids back into text");
        var json = ModelArguments.Json();
        var verb = new Command("tokenize", "Cut the text on standard input into tokens, or join tokens into text")
            { path, decode, json }
            .WithExamples(
                "echo -n \"force 157 N\" | edge-agent tokenize models-lite/nano",
                "edge-agent tokenize models-lite/nano --decode 1,2425 --json");
        verb.SetAction(parsed => parsed.GetValue(decode) is { } ids
            ? Decode(Load(parsed.GetValue(path)!), ids, parsed.GetValue(json))
            : Encode(Load(parsed.GetValue(path)!), parsed.GetValue(json)));
        return verb;
    }

    private static Tokenizer Load(string path) =>
        Tokenizer.LoadFile(Directory.Exists(path) ? Path.Combine(path, PackageManifest.TokenizerFileName) : path);

    private static int Encode(Tokenizer tokenizer, bool json)
    {
        var ids = new List<int>();
        // Special tokens written in the text count: this verb is for looking at templates too.
        tokenizer.Encode(ReadInput(), ids, recogniseSpecial: true);
        if (!json)
        {
            ids.ForEach(id => VerbOutput.Line($"{id}\t{tokenizer.TokenText(id)}"));
            return ExitCodes.Done;
        }
        VerbOutput.Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("ids");
            ids.ForEach(writer.WriteNumberValue);
            writer.WriteEndArray();
            writer.WriteStartArray("tokens");
            ids.ForEach(id => writer.WriteStringValue(tokenizer.TokenText(id)));
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        return ExitCodes.Done;
    }

    private static int Decode(Tokenizer tokenizer, string list, bool json)
    {
        var ids = ModelArguments.Tokens(list);
        if (ids.FirstOrDefault(id => id >= tokenizer.VocabularySize, -1) is var unknown and >= 0)
        {
            throw new UsageException(
                $"--decode: there is no token {unknown}; ids go up to {tokenizer.VocabularySize - 1}.");
        }
        var text = tokenizer.Decode(ids, showSpecial: true);
        if (!json)
        {
            VerbOutput.Line(text);
            return ExitCodes.Done;
        }
        VerbOutput.Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("text", text);
            writer.WriteEndObject();
        });
        return ExitCodes.Done;
    }

    private static byte[] ReadInput()
    {
        using var input = Console.OpenStandardInput();
        using var text = new MemoryStream();
        var chunk = new byte[64 << 10];
        int read;
        while ((read = input.Read(chunk)) > 0)
        {
            text.Write(chunk, 0, read);
            if (text.Length > MaximumTextBytes)
            {
                throw new UsageException($"The text is longer than {MaximumTextBytes >> 20} MiB.");
            }
        }
        return text.ToArray();
    }
}
