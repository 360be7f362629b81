namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>The metadata of a GGUF file, read with bounds; each error names file, field and limit.</summary>
internal sealed class GgufMetadata(string file, IReadOnlyDictionary<string, GgufValue> values)
{
    public int Count => values.Count;

    public bool Has(string key) => values.ContainsKey(key);

    public string Text(string key) => OptionalText(key) ?? throw Invalid(key, "is missing; it must be a text");

    public string? OptionalText(string key) => Find(key, isArray: false) switch
    {
        null => null,
        { Type: GgufValueType.Text } value => value.Texts[0],
        _ => throw Invalid(key, "is no text"),
    };

    public bool Flag(string key, bool absent = false) => Find(key, isArray: false) switch
    {
        null => absent,
        { Type: GgufValueType.Bool } value => value.Numbers[0] != 0,
        _ => throw Invalid(key, "is neither true nor false"),
    };

    public int Whole(string key, int minimum, int maximum, int? absent = null) =>
        OptionalWhole(key, minimum, maximum) ?? absent
            ?? throw Invalid(key, $"is missing; it must be a whole number from {minimum} to {maximum}");

    public int? OptionalWhole(string key, int minimum, int maximum)
    {
        if (Find(key, isArray: false) is not { } value)
        {
            return null;
        }
        return value.IsWhole && value.Whole(0) >= minimum && value.Whole(0) <= maximum
            ? (int)value.Whole(0)
            : throw Invalid(key, $"is {Shown(value)}; it must be a whole number from {minimum} to {maximum}");
    }

    public double Real(string key, double minimum, double maximum, double absent) => Find(key, isArray: false) switch
    {
        null => absent,
        { Type: not GgufValueType.Text } value when value.Real(0) >= minimum && value.Real(0) <= maximum
            => value.Real(0),
        { } value => throw Invalid(key, $"is {Shown(value)}; it must lie from {minimum} to {maximum}"),
    };

    public string[]? OptionalTexts(string key) => Find(key, isArray: true) switch
    {
        null => null,
        { Type: GgufValueType.Text } value => value.Texts,
        _ => throw Invalid(key, "is no list of texts"),
    };

    public string[] Texts(string key) => OptionalTexts(key) ?? throw Invalid(key, "is missing; it must list texts");

    /// <summary>A list of whole numbers within bounds, or null where there is none.</summary>
    public int[]? OptionalWholes(string key, int minimum, int maximum)
    {
        if (Find(key, isArray: true) is not { } value)
        {
            return null;
        }
        var numbers = new int[value.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = value.IsWhole && value.Whole(i) >= minimum && value.Whole(i) <= maximum
                ? (int)value.Whole(i)
                : throw Invalid($"{key}[{i}]", $"is no whole number from {minimum} to {maximum}");
        }
        return numbers;
    }

    /// <summary>A list of flags.</summary>
    public bool[] Flags(string key) => Find(key, isArray: true) is { Type: GgufValueType.Bool } value
        ? [.. value.Numbers.Select(number => number != 0)]
        : throw Invalid(key, "is no list of true and false");

    /// <summary>A list of finite numbers, or null where there is none.</summary>
    public float[]? OptionalReals(string key)
    {
        if (Find(key, isArray: true) is not { } value)
        {
            return null;
        }
        var numbers = new float[value.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = value.IsReal && double.IsFinite(value.Real(i))
                ? (float)value.Real(i)
                : throw Invalid($"{key}[{i}]", "is no finite number");
        }
        return numbers;
    }

    public bool IsList(string key) => values.TryGetValue(key, out var value) && value.IsArray;

    public ModelToolsException Invalid(string key, string why) =>
        new(ModelToolsFault.SourceInvalid, $"{file}: {key} {why}.");

    private GgufValue? Find(string key, bool isArray)
    {
        if (!values.TryGetValue(key, out var value))
        {
            return null;
        }
        return value.IsArray == isArray
            ? value
            : throw Invalid(key, isArray ? "is no list" : "is a list; it must be one value");
    }

    private static string Shown(GgufValue value) => value.Type == GgufValueType.Text
        ? $"'{(value.Texts[0].Length <= 40 ? value.Texts[0] : value.Texts[0][..40] + "…")}'"
        : value.Real(0).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
