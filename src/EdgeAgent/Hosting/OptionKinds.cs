using System.Globalization;

namespace EdgeAgent.Hosting;

/// <summary>The few kinds of values that options have, each with its check and its words for what it wants.</summary>
internal static class OptionKinds
{
    public static AgentOption Whole(string key, int min, int max, int standard, string meaning,
        Func<AgentOptions, int, AgentOptions> with) => new()
        {
            Key = key,
            Meaning = meaning,
            Range = $"{min} to {max}",
            Default = standard.ToString(CultureInfo.InvariantCulture),
            Set = (RawValue value, ref AgentOptions options) =>
            {
                if (value.Kind is not (RawKind.Number or RawKind.Words)
                    || !int.TryParse(value.Text, NumberStyles.AllowLeadingSign, null, out var number)
                    || number < min || number > max)
                {
                    return $"a whole number from {min} to {max}";
                }
                options = with(options, number);
                return null;
            },
        };

    public static AgentOption Real(string key, double min, double max, string standard, string meaning,
        Func<AgentOptions, double, AgentOptions> with) => new()
        {
            Key = key,
            Meaning = meaning,
            Range = string.Create(CultureInfo.InvariantCulture, $"{min} to {max}"),
            Default = standard,
            Set = (RawValue value, ref AgentOptions options) =>
            {
                if (value.Kind is not (RawKind.Number or RawKind.Words)
                    || !double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    || !(number >= min && number <= max))
                {
                    return string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}");
                }
                options = with(options, number);
                return null;
            },
        };

    /// <param name="fault">Says what is wanted where the text is not it, else null.</param>
    public static AgentOption Text(string key, string range, string standard, string meaning,
        Func<string, string?> fault, Func<AgentOptions, string, AgentOptions> with) => new()
        {
            Key = key,
            Meaning = meaning,
            Range = range,
            Default = standard,
            Set = (RawValue value, ref AgentOptions options) =>
            {
                var wanted = value.Kind is RawKind.Text or RawKind.Words ? fault(value.Text) : "text in quotes";
                if (wanted is null)
                {
                    options = with(options, value.Text);
                }
                return wanted;
            },
        };

    /// <remarks>A relative path starts at the file's folder; of variables and flags, at the working folder.</remarks>
    public static AgentOption Path(string key, string range, string standard, string meaning,
        Func<AgentOptions, string, AgentOptions> with) => new()
        {
            Key = key,
            Meaning = meaning,
            Range = range,
            Default = standard,
            Set = (RawValue value, ref AgentOptions options) =>
            {
                if (value.Kind is not (RawKind.Text or RawKind.Words)
                    || value.Text.Length is 0 or > 1024 || value.Text.Any(char.IsControl))
                {
                    return "a path of 1 to 1024 characters";
                }
                options = with(options, System.IO.Path.GetFullPath(value.Text, value.BaseFolder));
                return null;
            },
        };

    public static AgentOption Choice<T>(string key, string standard, string meaning,
        IReadOnlyList<(string Name, T Value)> choices, Func<AgentOptions, T, AgentOptions> with)
    {
        var names = string.Join(", ", choices.Select(choice => choice.Name));
        return new()
        {
            Key = key,
            Meaning = meaning,
            Range = names,
            Default = standard,
            Set = (RawValue value, ref AgentOptions options) =>
            {
                var found = choices.FirstOrDefault(choice => choice.Name == value.Text);
                if (found.Name is null || value.Kind is not (RawKind.Text or RawKind.Words))
                {
                    return $"one of {names}";
                }
                options = with(options, found.Value);
                return null;
            },
        };
    }

    /// <param name="fault">Says what is wanted where a member is not it, else null.</param>
    public static AgentOption List(string key, string range, string standard, int max, string meaning,
        Func<string, string?> fault, Func<AgentOptions, IReadOnlyList<string>, AgentOptions> with) => new()
        {
            Key = key,
            Meaning = meaning,
            Range = range,
            Default = standard,
            Set = (RawValue value, ref AgentOptions options) =>
            {
                var items = value.Kind == RawKind.Words
                    ? value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    : value.Items;
                var wanted = value.Kind is RawKind.List or RawKind.Words ? null : "a list of texts";
                wanted ??= items.Count > max ? $"at most {max} members" : null;
                wanted ??= items.Distinct().Count() < items.Count ? "a list without repetitions" : null;
                wanted ??= items.Select(fault).FirstOrDefault(found => found is not null);
                if (wanted is null)
                {
                    options = with(options, items);
                }
                return wanted;
            },
        };
}
