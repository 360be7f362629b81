using System.Text;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Hosting;

/// <summary>The names that a log line is made of: events, fields and severities.</summary>
internal static class LogLine
{
    private static readonly string[] Reserved = ["time", "level", "event", "message", "exception", "source"];

    /// <summary><c>model_loaded</c> of an event named <c>LogModelLoaded</c> or <c>model_loaded</c>; events without a
    /// name are named after who logs them.</summary>
    public static string EventName(EventId id, string category)
    {
        var name = id.Name ?? category[(category.LastIndexOf('.') + 1)..];
        return SnakeCase(name.StartsWith("Log", StringComparison.Ordinal) && name.Length > 3 ? name[3..] : name);
    }

    /// <summary><c>late_seconds</c> of <c>LateSeconds</c>; a name the line itself needs gets <c>_value</c>.</summary>
    public static string FieldName(string name)
    {
        var field = SnakeCase(name);
        return Reserved.Contains(field) ? field + "_value" : field;
    }

    /// <summary>The word for a severity, the same as in <c>log.level</c>.</summary>
    public static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };

    /// <summary>The severity of syslog(3) that the journal reads from a leading <c>&lt;N&gt;</c>.</summary>
    public static int SyslogSeverity(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => 7,
        LogLevel.Information => 6,
        LogLevel.Warning => 4,
        LogLevel.Error => 3,
        _ => 2,
    };

    /// <summary>The text on one line and harmless on a terminal: prompts and broker names end up in logs.</summary>
    public static string OneLine(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }
        var line = new StringBuilder();
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => line.Append(" | "),
                '\r' => line,
                '\t' => line.Append(' '),
                _ when char.IsControl(c) => line.Append($"\\u{(int)c:x4}"),
                _ => line.Append(c),
            };
        }
        return line.ToString();
    }

    private static string SnakeCase(string name)
    {
        var snake = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            var isBeforeSmall = i + 1 < name.Length && char.IsAsciiLetterLower(name[i + 1]);
            var isStart = i > 0 && char.IsAsciiLetterUpper(name[i]) && name[i - 1] != '_'
                && (isBeforeSmall || !char.IsAsciiLetterUpper(name[i - 1]));
            if (isStart)
            {
                snake.Append('_');
            }
            snake.Append(char.ToLowerInvariant(name[i]));
        }
        return snake.ToString();
    }
}
