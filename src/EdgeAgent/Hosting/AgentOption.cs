namespace EdgeAgent.Hosting;

/// <summary>One thing that can be configured: its names, its limits, and how a value gets into the options.</summary>
internal sealed record AgentOption
{
    /// <summary>Puts a value into the options, or returns in words what the option wants instead.</summary>
    public delegate string? Setter(RawValue value, ref AgentOptions options);

    /// <summary>Path in the file, as <c>mqtt.url</c>.</summary>
    public required string Key { get; init; }

    /// <summary>One sentence for people, with unit.</summary>
    public required string Meaning { get; init; }

    /// <summary>What may be written.</summary>
    public required string Range { get; init; }

    /// <summary>What holds when nobody writes anything.</summary>
    public required string Default { get; init; }

    public required Setter Set { get; init; }

    /// <summary>The flag of <c>run</c> that sets it, or null.</summary>
    public string? Flag { get; init; }

    /// <summary>The environment variable that sets it.</summary>
    public string Variable => OptionTable.VariablePrefix + Key.Replace('.', '_').ToUpperInvariant();
}
