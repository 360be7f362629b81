using System.Text.Json;

namespace EdgeAgent.Protocol;

/// <summary>Reads the fields of a request that are lists or objects themselves.</summary>
internal sealed class RequestParts(FieldReader reader, UnknownCounter unknown)
{
    private const string MessageShape = "an object with \"role\" and \"content\"";

    public IReadOnlyList<PromptMessage> Messages(string name, JsonElement value)
    {
        // [P-16]
        var messages = new List<PromptMessage>();
        if (!reader.IsArray(name, value, ProtocolLimits.MaxMessages, "messages"))
        {
            return messages;
        }
        foreach (var element in value.EnumerateArray())
        {
            messages.Add(Message($"{name}[{messages.Count}]", element));
            if (reader.Refusal is not null)
            {
                break;
            }
        }
        return messages;
    }

    public IReadOnlyList<string> Stop(string name, JsonElement value)
    {
        // [P-18]
        var stops = new List<string>();
        if (reader.IsArray(name, value, ProtocolLimits.MaxStops, "strings"))
        {
            foreach (var element in value.EnumerateArray())
            {
                stops.Add(reader.Text($"{name}[{stops.Count}]", element, 1, ProtocolLimits.StopMaxBytes));
            }
        }
        return stops;
    }

    public LevelRange Level(string name, JsonElement value)
    {
        // [P-20]
        if (!reader.IsObject(name, value, "an object with \"min\" and \"max\""))
        {
            return LevelRange.Any;
        }
        var level = new LevelRange(
            Bound(value, name, "min", LevelRange.Any.Min),
            Bound(value, name, "max", LevelRange.Any.Max));
        if (level.Min > level.Max)
        {
            reader.Refuse(name, value, "a min that is not above the max");
        }
        CountOthers(name, value, "min", "max");
        return level;
    }

    private PromptMessage Message(string field, JsonElement message)
    {
        if (!reader.IsObject(field, message, MessageShape))
        {
            return new(PromptRole.User, "");
        }
        if (!message.TryGetProperty("role", out var role) || !message.TryGetProperty("content", out var content))
        {
            reader.Refuse(field, message, MessageShape);
            return new(PromptRole.User, "");
        }
        CountOthers(field, message, "role", "content");
        return new(
            reader.Word(
                $"{field}.role",
                role,
                ("system", PromptRole.System),
                ("user", PromptRole.User),
                ("assistant", PromptRole.Assistant)),
            reader.Text($"{field}.content", content));
    }

    private int Bound(JsonElement level, string name, string bound, int absent) =>
        level.TryGetProperty(bound, out var value) && value.ValueKind != JsonValueKind.Null
            ? (int)reader.Integer($"{name}.{bound}", value, 0, ProtocolLimits.MaxLevel)
            : absent;

    private void CountOthers(string parent, JsonElement value, string first, string second)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (!property.NameEquals(first) && !property.NameEquals(second))
            {
                unknown.Count(property.Name, parent);
            }
        }
    }
}
