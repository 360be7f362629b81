using System.Text.Json;

namespace EdgeAgent.ModelTools.Import;

/// <summary>Reads bounded values from a JSON file of a model folder; each error names file, field and limit.</summary>
internal sealed class ConfigReader(string file, JsonElement element, string prefix = "")
{
    public string Text(string field) =>
        OptionalText(field) ?? throw Invalid(field, "is missing; it must be a text");

    public string? OptionalText(string field) => Find(field) switch
    {
        { ValueKind: JsonValueKind.String } value => Decode(field, value),
        // tokenizer_config.json may hold a token as an object with its flags.
        { ValueKind: JsonValueKind.Object } value when value.TryGetProperty("content", out var content)
            && content.ValueKind == JsonValueKind.String => Decode(field, content),
        _ => null,
    };

    /// <summary>The element itself as a text; empty where it is none.</summary>
    public string Text() => element.ValueKind == JsonValueKind.String ? Decode("", element) : "";

    public bool IsList(string field) => Find(field) is { ValueKind: JsonValueKind.Array };

    public bool Has(string field) => Find(field) is not null;

    public bool Flag(string field, bool absent = false) => Find(field) switch
    {
        null => absent,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Invalid(field, $"is {Shown(value)}; it must be true or false"),
    };

    public void MustBeAbsentOrFalse(string field, string why)
    {
        if (Flag(field))
        {
            throw Invalid(field, $"is true; {why}");
        }
    }

    public void MustBeAbsent(string field, string why)
    {
        if (Find(field) is { } value)
        {
            throw Invalid(field, $"is {Shown(value)}; {why}");
        }
    }

    public int Whole(string field, int minimum, int maximum, int? absent = null) => Find(field) is { } value
        ? new ConfigReader(file, value, Name(field)).Whole(minimum, maximum)
        : absent ?? throw Invalid(field, $"is missing; it must be a whole number from {minimum} to {maximum}");

    public int Whole(int minimum, int maximum) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var number)
            && number >= minimum && number <= maximum
            ? number
            : throw Invalid("", $"is {Shown()}; it must be a whole number from {minimum} to {maximum}");

    public double Real(string field, double minimum, double maximum, double? absent = null) =>
        OptionalReal(field, minimum, maximum) ?? absent
            ?? throw Invalid(field, FormattableString.Invariant(
                $"is missing; it must be a number from {minimum} to {maximum}"));

    public double? OptionalReal(string field, double minimum, double maximum) => Find(field) is { } value
        ? new ConfigReader(file, value, Name(field)).Real(minimum, maximum)
        : null;

    public double Real(double minimum, double maximum) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number)
            && number >= minimum && number <= maximum
            ? number
            : throw Invalid("", FormattableString.Invariant(
                $"is {Shown()}; it must lie from {minimum} to {maximum}"));

    /// <summary>One whole number, or a list of at most so many.</summary>
    public int[] WholeOrMany(string field, int count, int minimum, int maximum) => IsList(field)
        ? [.. Items(field, 1, count).Select(item => item.Whole(minimum, maximum))]
        : [Whole(field, minimum, maximum)];

    public ConfigReader? Child(string field) =>
        Find(field) is { ValueKind: JsonValueKind.Object } value ? new ConfigReader(file, value, Name(field)) : null;

    public IReadOnlyList<ConfigReader> Items(string field, int minimum, int maximum)
    {
        if (Find(field) is not { ValueKind: JsonValueKind.Array } array)
        {
            throw Invalid(field, "is missing; it must be a list");
        }
        var count = array.GetArrayLength();
        return count >= minimum && count <= maximum
            ? array.EnumerateArray().Select((item, i) => new ConfigReader(file, item, $"{Name(field)}[{i}]")).ToArray()
            : throw Invalid(field, $"has {count} entries; allowed are {minimum} to {maximum}");
    }

    public ModelToolsException Invalid(string field, string why) =>
        new(ModelToolsFault.SourceInvalid, $"{file}: {Name(field)} {why}.");

    /// <summary>Escapes may stand for half a character only.</summary>
    private string Decode(string field, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Invalid(field, "is no text of whole characters");
        }
    }

    private JsonElement? Find(string field) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(field, out var value)
            && value.ValueKind != JsonValueKind.Null ? value : null;

    private string Name(string field) =>
        prefix.Length == 0 || field.Length == 0 ? prefix + field : $"{prefix}.{field}";

    private string Shown() => Shown(element);

    private static string Shown(JsonElement value)
    {
        try
        {
            return Shorten(value.GetRawText());
        }
        catch (InvalidOperationException)
        {
            return "not UTF-8";
        }
    }

    public static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
