namespace EdgeAgent.Protocol;

/// <summary>How many fields of a body nobody knows, with the first of their names.</summary>
internal readonly record struct UnknownFields(int Count, IReadOnlyList<string> Names)
{
    public static UnknownFields None { get; } = new(0, []);
}

/// <summary>Counts the fields of one body that nobody knows.</summary>
internal sealed class UnknownCounter
{
    private const string UserPrefix = "x_";

    private readonly List<string> _names = [];
    private int _count;

    public UnknownFields Fields => new(_count, _names);

    /// <summary>Counts one name; <paramref name="parent"/> is the path of the object that it stands in.</summary>
    public void Count(string name, string? parent = null)
    {
        // [P-22]
        if (name.StartsWith(UserPrefix, StringComparison.Ordinal))
        {
            return;
        }
        _count++;
        if (_names.Count < ProtocolLimits.MaxUnknownNames)
        {
            _names.Add(Shown.Text(parent is null ? name : $"{parent}.{name}"));
        }
    }
}
