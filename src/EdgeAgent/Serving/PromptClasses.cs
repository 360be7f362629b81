using System.Globalization;
using EdgeAgent.Hosting;

namespace EdgeAgent.Serving;

/// <summary>The least levels that the operator gave to classes of requests: simple ones may run small.</summary>
internal sealed class PromptClasses
{
    private readonly List<(string Kind, string Value, int Level)> _classes = [];

    /// <param name="options">Its <see cref="AgentOptions.PruningClasses"/>, checked by the option table.</param>
    public PromptClasses(AgentOptions options)
    {
        foreach (var text in options.PruningClasses)
        {
            var (colon, equals) = (text.IndexOf(':'), text.LastIndexOf('='));
            var level = int.Parse(text[(equals + 1)..], CultureInfo.InvariantCulture);
            _classes.Add((text[..colon], text[(colon + 1)..equals], level));
        }
    }

    /// <summary>The highest level of the classes that a request is in; 0 where it is in none.</summary>
    /// <param name="client">The last level of its topic, where it has one.</param>
    public int LeastLevel(string? client, int promptCharacters, int maximumTokens)
    {
        var least = 0;
        foreach (var (kind, value, level) in _classes)
        {
            var isIn = kind switch
            {
                "client" => value == client,
                "max_tokens" => maximumTokens <= int.Parse(value, CultureInfo.InvariantCulture),
                _ => promptCharacters <= int.Parse(value, CultureInfo.InvariantCulture),
            };
            least = isIn ? Math.Max(least, level) : least;
        }
        return least;
    }
}
