using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace EdgeAgent.Hosting;

/// <summary>The three looks of a log line.</summary>
internal enum LogLook
{
    /// <summary><c>2026-11-22T15:50:57.123Z info ready: Ready</c></summary>
    Text,

    /// <summary><c>&lt;6&gt;ready: Ready</c>; the journal has its own clock and severities.</summary>
    Journal,

    /// <summary><c>{"time":"…","level":"info","event":"ready","message":"Ready",…}</c></summary>
    Json,
}

/// <summary>Writes each event as exactly one line, for people, for the journal or for scripts.</summary>
internal sealed class LogLineFormatter(LogLook look, TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "edge-agent";

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var name = LogLine.EventName(logEntry.EventId, logEntry.Category);
        if (look == LogLook.Json)
        {
            var fields = logEntry.State as IEnumerable<KeyValuePair<string, object?>> ?? [];
            textWriter.WriteLine(JsonLine(name, logEntry.LogLevel, message, fields, logEntry.Exception));
            return;
        }
        textWriter.Write(look == LogLook.Journal
            ? $"<{LogLine.SyslogSeverity(logEntry.LogLevel)}>"
            : $"{Now} {LogLine.LevelName(logEntry.LogLevel)} ");
        var cause = logEntry.Exception is { } exception ? $" | {exception}" : "";
        textWriter.WriteLine($"{name}: {LogLine.OneLine(message + cause)}");
    }

    private string Now =>
        time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private string JsonLine(string name, LogLevel level, string message,
        IEnumerable<KeyValuePair<string, object?>> fields, Exception? exception)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteString("time", Now);
            json.WriteString("level", LogLine.LevelName(level));
            json.WriteString("event", name);
            json.WriteString("message", message);
            foreach (var (key, value) in fields)
            {
                if (key != "{OriginalFormat}")
                {
                    json.WritePropertyName(LogLine.FieldName(key));
                    WriteValue(json, value);
                }
            }
            if (exception is not null)
            {
                json.WriteString("exception", exception.ToString());
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case int or long or short or byte or uint:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double or float when double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                json.WriteNumberValue(Convert.ToDouble(value, CultureInfo.InvariantCulture));
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case IEnumerable<string> texts:
                json.WriteStringValue(string.Join(", ", texts));
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
