using System.Text.Json;
using EdgeAgent.Inference.Templates;

namespace EdgeAgent.Tests.Inference.Templates;

/// <summary>Templates in the styles of publishers give the prompts, and the refusals, of the reference.</summary>
public sealed class ChatTemplateVectorTests
{
    private static readonly string Folder =
        Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/chat-templates");

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Vectors().Count)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_prompt_or_its_refusal_is_that_of_the_reference(int index)
    {
        var vector = Vectors()[index];
        var source = File.ReadAllText(Path.Combine(Folder, $"{vector.GetProperty("template").GetString()}.jinja"));
        var template = ChatTemplate.Parse(source);
        var variables = TemplateVariables.FromJson(vector.GetProperty("input"));
        if (!vector.TryGetProperty("error", out var error))
        {
            var text = ChatPrompt.Text(template.Render(variables, TimeProvider.System));
            Assert.Equal(vector.GetProperty("output").GetString(), text);
            return;
        }
        var raised = Assert.Throws<TemplateException>(() => template.Render(variables, TimeProvider.System));
        var isRaised = error.GetString()!.StartsWith("TemplateError: ", StringComparison.Ordinal);
        Assert.Equal(isRaised ? TemplateFault.Raised : TemplateFault.WrongType, raised.Fault);
        Assert.Equal(error.GetString(), (isRaised ? "TemplateError: " : "TypeError: ") + raised.Message);
    }

    private static List<JsonElement> Vectors()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "vectors.json")));
        return [.. document.RootElement.EnumerateArray().Select(vector => vector.Clone())];
    }
}
