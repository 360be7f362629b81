using System.Collections.Frozen;
using System.Text.Json;

namespace EdgeAgent.Protocol;

/// <summary>Which fields of a request are built, and which belong to the protocol but are not built yet.</summary>
internal static class FieldSets
{
    /// <summary>What this version reads.</summary>
    public static FrozenSet<string> Built { get; } = FrozenSet.Create(
        "id",
        "prompt",
        "messages",
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "stop",
        "priority",
        "level",
        "timeout_ms");

    /// <summary>What is refused by name until it is built, because ignoring it would change the answer.</summary>
    public static FrozenSet<string> NotBuilt { get; } = FrozenSet.Create(
        "schema",
        "choices",
        "regex",
        "json",
        "stream",
        "recipe",
        "values",
        "model",
        "adapter");

    /// <summary>The refusal of a field that is not built; null where its value asks for nothing.</summary>
    public static Refusal? RefusalOf(string name, JsonElement value)
    {
        // [P-21]
        var isSwitch = name is "json" or "stream";
        if (isSwitch && value.ValueKind == JsonValueKind.False)
        {
            return null;
        }
        var remedy = isSwitch ? "Leave it out or send false." : "Leave it out.";
        return new(
            RefusalCode.UnsupportedField,
            $"'{name}' belongs to the protocol, but this agent does not have it yet, and without it the answer would "
            + $"not be the one asked for. {remedy}");
    }
}
