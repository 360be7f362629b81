namespace EdgeAgent.Hosting;

/// <summary>The place that set a value: a line of a file, a variable, a flag, or the program's own default.</summary>
internal readonly record struct OptionOrigin(string Text)
{
    public static OptionOrigin Default { get; } = new("default");

    public static OptionOrigin File(string path, int line) => new($"{path}:{line}");

    public override string ToString() => Text;
}

/// <summary>One thing that is wrong with the configuration, and where it was written.</summary>
internal sealed record OptionError(OptionOrigin Origin, string Message)
{
    public override string ToString() => $"{Origin}: {Message}";
}
