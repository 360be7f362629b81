using System.CommandLine;
using System.Text;
using System.Text.Json;
using EdgeAgent.Hosting;
using EdgeAgent.Inference.Templates;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Verbs;

/// <summary>`render`: shows the prompt that a chat template makes of messages.</summary>
internal static class RenderVerb
{
    private const int MaximumFileBytes = 1 << 20;

    public static Command Create(TimeProvider time)
    {
        var path = new Argument<string>("PATH") { Description = "Model package, Hugging Face folder, or .jinja file" };
        var messages = ModelArguments.Text(
            "--messages", "FILE", "JSON: an array of messages, or an object of template variables");
        messages.Required = true;
        var json = ModelArguments.Json();
        var verb = new Command("render", "Show the prompt that a chat template makes of messages")
            { path, messages, json }
            .WithExamples(
                """echo '[{"role":"user","content":"sensor disconnected?"}]' > chat.json""",
                "edge-agent render models-lite/nano --messages chat.json");
        verb.SetAction(parsed =>
        {
            var template = ChatTemplate.Parse(ReadTemplate(parsed.GetValue(path)!));
            var variables = TemplateVariables.FromJson(ReadBounded(parsed.GetValue(messages)!));
            var text = ChatPrompt.Text(template.Render(variables, time));
            if (parsed.GetValue(json))
            {
                VerbOutput.Json(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("text", text);
                    writer.WriteEndObject();
                });
            }
            else
            {
                VerbOutput.Line(text);
            }
            return ExitCodes.Done;
        });
        return verb;
    }

    private static string ReadTemplate(string path)
    {
        if (!Directory.Exists(path))
        {
            return Encoding.UTF8.GetString(ReadBounded(path));
        }
        var own = Path.Combine(path, PackageManifest.TemplateFileName);
        return File.Exists(own)
            ? Encoding.UTF8.GetString(ReadBounded(own))
            : ReadTokenizerConfig(Path.Combine(path, "tokenizer_config.json"));
    }

    private static string ReadTokenizerConfig(string path)
    {
        try
        {
            using var config = JsonDocument.Parse(ReadBounded(path));
            return config.RootElement.TryGetProperty("chat_template", out var template)
                && template.ValueKind == JsonValueKind.String
                ? template.GetString()!
                : throw new UsageException($"{path} holds no chat_template; name a .jinja file.");
        }
        catch (JsonException error)
        {
            throw new UsageException($"{path}: {error.Message}");
        }
    }

    private static byte[] ReadBounded(string path) => new FileInfo(path) is { Exists: true, Length: > MaximumFileBytes }
        ? throw new UsageException($"{path} is larger than {MaximumFileBytes >> 20} MiB.")
        : File.ReadAllBytes(path);
}
