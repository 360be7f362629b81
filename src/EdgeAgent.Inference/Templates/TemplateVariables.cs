using System.Text.Json;

namespace EdgeAgent.Inference.Templates;

/// <summary>One message of a conversation.</summary>
public readonly record struct TemplateMessage(string Role, string Content);

/// <summary>What a chat template is rendered with: messages, tokens of the model, settings.</summary>
/// <remarks>
/// Names that end in <c>_token</c> hold marks that the package states, so they count as template text.
/// Everything else came from outside and counts as message text.
/// </remarks>
public sealed class TemplateVariables
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = TemplateLimits.ValueDepth };

    private readonly Dictionary<string, TemplateValue> _values = [];

    internal IReadOnlyDictionary<string, TemplateValue> Values => _values;

    /// <summary>Messages, and whether the answer is to begin.</summary>
    public static TemplateVariables Of(IEnumerable<TemplateMessage> messages, bool addGenerationPrompt = true)
    {
        var list = new List<TemplateValue>();
        foreach (var (role, content) in messages)
        {
            var message = new DictValue();
            message.Items[TextValue.OfTemplate("role")] = TextValue.OfMessage(role);
            message.Items[TextValue.OfTemplate("content")] = TextValue.OfMessage(content);
            list.Add(message);
        }
        var variables = new TemplateVariables();
        variables._values["messages"] = new ListValue(list);
        variables._values["add_generation_prompt"] = BoolValue.Of(addGenerationPrompt);
        return variables;
    }

    /// <summary>JSON: an array of messages (the answer is to begin), or an object of template variables.</summary>
    /// <exception cref="TemplateException">It is neither.</exception>
    public static TemplateVariables FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            return FromJson(JsonElement.Parse(json, Options));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new TemplateException(TemplateFault.Input, $"The messages are not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The same from JSON that has been read already.</summary>
    /// <exception cref="TemplateException">It is neither an array nor an object.</exception>
    public static TemplateVariables FromJson(JsonElement json)
    {
        var variables = new TemplateVariables();
        switch (json.ValueKind)
        {
            case JsonValueKind.Array:
                variables._values["messages"] = Value(json, fromTemplate: false);
                variables._values["add_generation_prompt"] = BoolValue.True;
                return variables;
            case JsonValueKind.Object:
                foreach (var property in json.EnumerateObject())
                {
                    variables._values[property.Name] = Value(property.Value, IsMark(property.Name));
                }
                return variables;
            default:
                throw new TemplateException(
                    TemplateFault.Input, "The messages must be a JSON array of messages or an object of variables.");
        }
    }

    /// <summary>Sets a variable, such as <c>bos_token</c>.</summary>
    public TemplateVariables With(string name, string value)
    {
        _values[name] = IsMark(name) ? TextValue.OfTemplate(value) : TextValue.OfMessage(value);
        return this;
    }

    /// <summary>Sets the marks of beginning and end that the model has.</summary>
    public TemplateVariables WithMarks(string? begin, string? end)
    {
        if (begin is not null)
        {
            With("bos_token", begin);
        }
        return end is null ? this : With("eos_token", end);
    }

    /// <summary>Sets a variable, such as <c>enable_thinking</c>.</summary>
    public TemplateVariables With(string name, bool value)
    {
        _values[name] = BoolValue.Of(value);
        return this;
    }

    private static bool IsMark(string name) => name.EndsWith("_token", StringComparison.Ordinal);

    private static TemplateValue Value(JsonElement json, bool fromTemplate)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return fromTemplate ? TextValue.OfTemplate(json.GetString()!) : TextValue.OfMessage(json.GetString()!);
            case JsonValueKind.Number:
                return json.TryGetInt64(out var number) ? new IntValue(number) : new FloatValue(json.GetDouble());
            case JsonValueKind.Array:
                return new ListValue([.. json.EnumerateArray().Select(item => Value(item, fromTemplate))]);
            case JsonValueKind.Object:
                var dict = new DictValue();
                foreach (var property in json.EnumerateObject())
                {
                    dict.Items[TextValue.OfMessage(property.Name)] = Value(property.Value, fromTemplate);
                }
                return dict;
            case JsonValueKind.True or JsonValueKind.False:
                return BoolValue.Of(json.GetBoolean());
            default:
                return NoneValue.Instance;
        }
    }
}
