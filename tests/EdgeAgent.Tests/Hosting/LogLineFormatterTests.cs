using EdgeAgent.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Hosting;

public sealed class LogLineFormatterTests
{
    [Fact]
    public void A_text_line_has_time_level_event_and_message() =>
        Assert.Equal("2026-11-22T12:00:00.000Z warning broker_lost: No broker\n",
            Written(LogLook.Text, LogLevel.Warning, new EventId(1, "LogBrokerLost"), "No broker"));

    [Fact]
    public void A_line_for_the_journal_has_its_severity_and_no_time() =>
        Assert.Equal("<3>broker_lost: No broker\n",
            Written(LogLook.Journal, LogLevel.Error, new EventId(1, "broker_lost"), "No broker"));

    [Fact]
    public void A_JSON_line_carries_the_fields_and_its_own_names_stay_its_own()
    {
        var line = Written(LogLook.Json, LogLevel.Information, new EventId(1, "LogLevelChanged"), "now",
            ("Level", 2), ("TokensPerSecond", 141.5), ("Model", "nano"), ("Gone", null), ("{OriginalFormat}", "x"));

        Assert.Equal("""{"time":"2026-11-22T12:00:00.000Z","level":"info","event":"level_changed","message":"now","""
            + """ "level_value":2,"tokens_per_second":141.5,"model":"nano","gone":null}""".TrimStart() + "\n", line);
    }

    [Theory]
    [InlineData(nameof(LogLook.Text))]
    [InlineData(nameof(LogLook.Journal))]
    [InlineData(nameof(LogLook.Json))]
    public void Outside_text_cannot_begin_a_line_or_steer_a_terminal(string look)
    {
        var line = Written(Enum.Parse<LogLook>(look), LogLevel.Information, new EventId(1, "got"),
            "a\n<0>b\u001b[2J\r", ("Text", "x\ny"));

        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        Assert.DoesNotContain('\u001b', line);
    }

    [Fact]
    public void An_exception_stays_on_its_line()
    {
        var line = Written(LogLook.Text, LogLevel.Error, new EventId(1, "failed"), "no", Thrown());

        Assert.Contains(
            "no | System.InvalidOperationException: first |  second |    at ", line, StringComparison.Ordinal);
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("LogModelLoaded", "model_loaded")]
    [InlineData("MQTTConnected", "mqtt_connected")]
    [InlineData("ready", "ready")]
    [InlineData(null, "watchdog_worker")]
    public void An_event_is_named_in_snake_case_after_its_id_or_after_who_logs(string? name, string expected) =>
        Assert.Equal(expected, LogLine.EventName(new EventId(0, name), "EdgeAgent.Hosting.WatchdogWorker"));

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("first\n second");
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }

    private static string Written(LogLook look, LogLevel level, EventId id, string message,
        params (string, object?)[] fields) => Written(look, level, id, message, null, fields);

    private static string Written(LogLook look, LogLevel level, EventId id, string message, Exception? exception,
        params (string Key, object? Value)[] fields)
    {
        var state = fields.Select(field => KeyValuePair.Create(field.Key, field.Value)).ToList();
        var entry = new LogEntry<List<KeyValuePair<string, object?>>>(
            level, "EdgeAgent.Test", id, state, exception, (_, _) => message);
        using var text = new StringWriter { NewLine = "\n" };
        new LogLineFormatter(look, new ManualClock()).Write(entry, null, text);
        return text.ToString();
    }
}
