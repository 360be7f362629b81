using System.Text;

namespace EdgeAgent.Hosting;

/// <summary>The places from which configuration comes, weakest first: file, variables, flags.</summary>
internal sealed record OptionSources
{
    /// <summary>The file of <c>--config</c>, which must exist; null is <see cref="OptionTable.DefaultFile"/>, where it
    /// exists.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>The process environment; of it, only <c>EDGEAGENT_*</c>, STATE_DIRECTORY and HOME are read.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>What stood on the command line, by flag: <c>--mqtt</c> → <c>mqtt://site1</c>.</summary>
    public IReadOnlyDictionary<string, string> Flags { get; init; } = new Dictionary<string, string>();

    public required string HostName { get; init; }

    /// <summary>Where a relative path in a variable or a flag starts.</summary>
    public required string WorkingFolder { get; init; }

    /// <summary>The sources of this very process.</summary>
    public static OptionSources OfProcess(string? configFile, IReadOnlyDictionary<string, string> flags) => new()
    {
        ConfigFile = configFile,
        Flags = flags,
        Environment = System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? ""),
        HostName = System.Environment.MachineName,
        WorkingFolder = System.Environment.CurrentDirectory,
    };
}

/// <summary>What came of reading the configuration: options where nothing is wrong, else every error.</summary>
internal sealed record OptionsVerdict
{
    // A file full of wrong keys must not become a log full of lines.
    private const int MaxErrorsShown = 40;

    /// <summary>The options; null where there are errors.</summary>
    public AgentOptions? Options { get; init; }

    public required IReadOnlyList<OptionError> Errors { get; init; }

    /// <summary>Who set each value, by key.</summary>
    public required IReadOnlyDictionary<string, OptionOrigin> Origins { get; init; }

    /// <summary>All errors in one message, for standard error; the exit code beside it is 78.</summary>
    public string Message
    {
        get
        {
            var text = new StringBuilder($"edge-agent: wrong configuration ({Errors.Count} to correct)\n");
            foreach (var error in Errors.Take(MaxErrorsShown))
            {
                text.Append("  ").Append(error).Append('\n');
            }
            if (Errors.Count > MaxErrorsShown)
            {
                text.Append($"  … and {Errors.Count - MaxErrorsShown} more\n");
            }
            return text.Append("Keys, ranges and defaults: edge-agent run --help\n").ToString();
        }
    }
}

/// <summary>Puts defaults, file, variables and flags together into checked options.</summary>
internal sealed class AgentOptionsReader
{
    private readonly OptionSources _sources;
    private readonly List<OptionError> _errors = [];
    private readonly Dictionary<string, OptionOrigin> _origins;
    private AgentOptions _options;

    private AgentOptionsReader(OptionSources sources)
    {
        _sources = sources;
        _options = new AgentOptions { Device = sources.HostName, Data = DefaultData(sources.Environment) };
        _origins = OptionTable.All.ToDictionary(option => option.Key, _ => OptionOrigin.Default);
    }

    /// <summary>Reads everything, whatever is wrong on the way. Side effect: opens the configuration file.</summary>
    public static OptionsVerdict Read(OptionSources sources)
    {
        var reader = new AgentOptionsReader(sources);
        reader.ApplyFile();
        reader.ApplyVariables();
        reader.ApplyFlags();
        reader.CheckTogether();
        return new OptionsVerdict
        {
            Options = reader._errors.Count == 0 ? reader._options : null,
            Errors = reader._errors,
            Origins = reader._origins,
        };
    }

    private void ApplyFile()
    {
        var path = _sources.ConfigFile ?? OptionTable.DefaultFile;
        if (_sources.ConfigFile is null && !File.Exists(path))
        {
            return;
        }
        var file = ConfigurationFile.Read(path);
        _errors.AddRange(file.Errors);
        foreach (var value in file.Values)
        {
            Apply(OptionTable.All.First(option => option.Key == value.Key), value);
        }
    }

    private void ApplyVariables()
    {
        var ours = _sources.Environment
            .Where(pair => pair.Key.StartsWith(OptionTable.VariablePrefix, StringComparison.Ordinal))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal);
        foreach (var (name, text) in ours)
        {
            var option = OptionTable.All.FirstOrDefault(option => option.Variable == name);
            if (option is null)
            {
                var key = name[OptionTable.VariablePrefix.Length..].ToLowerInvariant();
                _errors.Add(new(new OptionOrigin(name), IsNotBuiltVariable(key)
                    ? "is not built yet"
                    : OptionTable.Unknown(name, OptionTable.Variables)));
            }
            else if (text.Length > 0)
            {
                // Environment=NAME= in a drop-in is how systemd users take a value back: empty is not set.
                Apply(option, new RawValue(option.Key, RawKind.Words, text, new(name), _sources.WorkingFolder));
            }
        }
    }

    private void ApplyFlags()
    {
        foreach (var (flag, text) in _sources.Flags)
        {
            var option = OptionTable.All.First(option => option.Flag == flag);
            Apply(option, new RawValue(option.Key, RawKind.Words, text, new(flag), _sources.WorkingFolder));
        }
    }

    private void Apply(AgentOption option, RawValue value)
    {
        if (option.Set(value, ref _options) is { } wanted)
        {
            _errors.Add(new(value.Origin, $"{option.Key} wants {wanted}, not {value.Found}"));
        }
        _origins[option.Key] = value.Origin;
    }

    // Rules about several values, and about defaults that come from the machine.
    private void CheckTogether()
    {
        if (_origins["device"] == OptionOrigin.Default && MqttOptionRules.DeviceFault(_options.Device) is { } wanted)
        {
            _errors.Add(new(new("host name"),
                $"\"{_options.Device}\" cannot be a device's name, which is {wanted}; set --device"));
        }
        if (_origins["data"] == OptionOrigin.Default && _options.Data.Length == 0)
        {
            _errors.Add(new(new("environment"), "has neither STATE_DIRECTORY nor HOME; set --data"));
        }
        if (_options.MqttPasswordFile is not null && _options.MqttUsername is null)
        {
            _errors.Add(new(_origins["mqtt.password_file"], "mqtt.password_file needs mqtt.username"));
        }
    }

    private static bool IsNotBuiltVariable(string key) =>
        OptionTable.NotBuilt.Any(known => key.StartsWith(known.Replace('.', '_'), StringComparison.Ordinal));

    // systemd gives several folders with ':' between them; ours is the first.
    private static string DefaultData(IReadOnlyDictionary<string, string> environment)
    {
        var state = environment.GetValueOrDefault("STATE_DIRECTORY", "").Split(':')[0];
        var home = environment.GetValueOrDefault("HOME", "");
        return state.Length > 0 ? state : home.Length > 0 ? Path.Combine(home, ".local/state/edge-agent") : "";
    }
}
