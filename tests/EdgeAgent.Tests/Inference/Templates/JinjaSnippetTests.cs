using System.Text.Json;
using EdgeAgent.Inference.Templates;

namespace EdgeAgent.Tests.Inference.Templates;

/// <summary>Small templates, written and random, give what Python's Jinja2 gives (make.py).</summary>
public sealed class JinjaSnippetTests(ITestOutputHelper output)
{
    // EDGEAGENT_JINJA_SNIPPETS: a longer file from the same script.
    private static readonly string File = Environment.GetEnvironmentVariable("EDGEAGENT_JINJA_SNIPPETS")
        ?? Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/chat-templates/snippets.json");

    [Fact]
    public void A_template_renders_or_fails_as_in_Jinja()
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(File));
        var variables = TemplateVariables.FromJson(document.RootElement.GetProperty("variables"));
        var (cases, differences, refused) = (0, 0, 0);
        foreach (var item in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            var source = item.GetProperty("template").GetString()!;
            var expected = item.TryGetProperty("output", out var text) ? text.GetString() : null;
            var actual = Render(source, variables, out var fault);
            cases++;
            if (actual != expected)
            {
                // What we refuse by name may be legal Jinja; it must never render to something else.
                refused += fault?.Fault == TemplateFault.Unsupported ? 1 : 0;
                differences += fault?.Fault == TemplateFault.Unsupported ? 0 : 1;
                output.WriteLine(JsonSerializer.Serialize(new { source, expected, actual, fault = fault?.Message }));
            }
        }
        output.WriteLine($"{cases} templates, {refused} refused by name, {differences} different");
        Assert.Equal(0, differences);
        Assert.True(refused * 100 < cases, $"{refused} of {cases} are refused");
    }

    private static string? Render(string source, TemplateVariables variables, out TemplateException? fault)
    {
        try
        {
            fault = null;
            return ChatPrompt.Text(ChatTemplate.Parse(source).Render(variables, TimeProvider.System));
        }
        catch (TemplateException e)
        {
            fault = e;
            return null;
        }
    }
}
