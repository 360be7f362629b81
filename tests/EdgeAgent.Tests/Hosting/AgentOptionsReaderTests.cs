using EdgeAgent.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Tests.Hosting;

public sealed class AgentOptionsReaderTests : IDisposable
{
    private readonly ConfigurationSetup _setup = new();

    public void Dispose() => _setup.Dispose();

    [Fact]
    public void Without_any_configuration_everything_has_its_default()
    {
        var options = _setup.Options();

        Assert.Null(options.Model);
        Assert.Equal("board-7", options.Device);
        Assert.Equal("/home/worker/.local/state/edge-agent", options.Data);
        Assert.Equal("mqtt://127.0.0.1:1883", options.MqttUrl.OriginalString);
        Assert.Equal(["cpu"], options.InferenceProviders);
        Assert.Equal(32, options.ServingQueue);
    }

    [Fact]
    public void The_state_folder_of_systemd_comes_before_the_home_folder()
    {
        _setup.Environment["STATE_DIRECTORY"] = "/var/lib/edge-agent:/var/lib/other";

        Assert.Equal("/var/lib/edge-agent", _setup.Options().Data);
    }

    [Fact]
    public void A_flag_wins_over_a_variable_and_a_variable_over_the_file()
    {
        _setup.Write("""{ "device": "from-file", "data": "/from/file", "mqtt": { "url": "mqtt://from-file" } }""");
        _setup.Environment["EDGEAGENT_DEVICE"] = "from-variable";
        _setup.Environment["EDGEAGENT_MQTT_URL"] = "mqtt://from-variable";
        _setup.Flags["--mqtt"] = "mqtt://from-flag";

        var verdict = _setup.Read();

        Assert.Equal("mqtt://from-flag:1883", verdict.Options!.MqttUrl.ToString().TrimEnd('/'));
        Assert.Equal("from-variable", verdict.Options.Device);
        Assert.Equal("/from/file", verdict.Options.Data);
        Assert.Equal("--mqtt", verdict.Origins["mqtt.url"].Text);
        Assert.Equal("EDGEAGENT_DEVICE", verdict.Origins["device"].Text);
        Assert.Equal($"{_setup.File}:1", verdict.Origins["data"].Text);
        Assert.Equal(OptionOrigin.Default, verdict.Origins["log.level"]);
    }

    [Fact]
    public void Every_option_can_be_set_in_the_file()
    {
        _setup.Write("""
            {
              // Comments and a trailing comma are welcome.
              "model": "models/qwen", "device": "cell-4", "data": "/srv/agent",
              "mqtt": {
                "url": "mqtt://site1:2883", "topic_root": "plant/a", "response_topics": ["plant/", "mes/"],
                "keep_alive_s": 60, "username": "agent", "password_file": "/etc/edge-agent/password",
              },
              "inference": { "threads": 2, "providers": ["cuda", "cpu"], "context": 2048 },
              "serving": { "queue": 8 }, "telemetry": { "interval_s": 5 },
              "log": { "format": "json", "level": "debug" },
            }
            """);

        var options = _setup.Options();

        Assert.Equal(Path.Combine(Path.GetDirectoryName(_setup.File)!, "models/qwen"), options.Model);
        Assert.Equal(("cell-4", "/srv/agent"), (options.Device, options.Data));
        Assert.Equal(("site1", 2883, "plant/a"), (options.MqttUrl.Host, options.MqttUrl.Port, options.MqttTopicRoot));
        Assert.Equal(["plant/", "mes/"], options.MqttResponseTopics);
        Assert.Equal((60, "agent", "/etc/edge-agent/password"),
            (options.MqttKeepAliveSeconds, options.MqttUsername, options.MqttPasswordFile));
        Assert.Equal((2, 2048, 8, 5), (options.InferenceThreads, options.InferenceContextTokens, options.ServingQueue,
            options.TelemetryIntervalSeconds));
        Assert.Equal(["cuda", "cpu"], options.InferenceProviders);
        Assert.Equal((LogFormat.Json, LogLevel.Debug), (options.LogFormat, options.LogLevel));
    }

    [Fact]
    public void Every_option_can_be_set_by_a_variable()
    {
        var values = new Dictionary<string, string>
        {
            ["model"] = "m",
            ["device"] = "d",
            ["data"] = "s",
            ["mqtt.url"] = "mqtt://h",
            ["mqtt.topic_root"] = "r",
            ["mqtt.response_topics"] = "a/, b/",
            ["mqtt.groups"] = "hall-3",
            ["mqtt.keep_alive_s"] = "9",
            ["mqtt.username"] = "u",
            ["mqtt.password_file"] = "p",
            ["inference.threads"] = "1",
            ["inference.providers"] = "tensorrt,cpu",
            ["inference.context"] = "64",
            ["inference.sequences"] = "2",
            ["serving.queue"] = "2",
            ["sensors.root"] = "board",
            ["sensors.gpio"] = "interlock=0:17:low,trigger=0:4",
            ["pruning.profile"] = "quiet",
            ["pruning.temperature_limit_celsius"] = "72.5",
            ["pruning.power_budget_watts"] = "7",
            ["pruning.memory_reserve_mebibytes"] = "256",
            ["pruning.queue_limit_s"] = "4",
            ["pruning.dwell_s"] = "5",
            ["pruning.recovery_s"] = "60",
            ["pruning.lowest_level"] = "1",
            ["pruning.highest_level"] = "3",
            ["pruning.pinned_level"] = "2",
            ["pruning.means"] = "pace,level,clock",
            ["pruning.classes"] = "client:camera=2,max_tokens:8=3",
            ["telemetry.interval_s"] = "3",
            ["log.format"] = "text",
            ["log.level"] = "error",
        };
        foreach (var option in OptionTable.All)
        {
            _setup.Environment[option.Variable] = values[option.Key];
        }

        var options = _setup.Options();

        Assert.Equal("/here/m", options.Model);
        Assert.Equal(["a/", "b/"], options.MqttResponseTopics);
        Assert.Equal(["tensorrt", "cpu"], options.InferenceProviders);
        Assert.Equal(("/here/board", "quiet", 72.5, 7.0), (options.SensorsRoot, options.PruningProfile,
            options.PruningTemperatureLimitCelsius!.Value, options.PruningPowerBudgetWatts!.Value));
        Assert.Equal((256, 4, 5, 60), (options.PruningMemoryReserveMebibytes, options.PruningQueueLimitSeconds,
            options.PruningDwellSeconds, options.PruningRecoverySeconds));
        Assert.Equal((1, 3, 2), (options.PruningLowestLevel, options.PruningHighestLevel!.Value,
            options.PruningPinnedLevel!.Value));
        Assert.Equal((2, 3, 2), (options.SensorsGpio.Count, options.PruningMeans.Count, options.PruningClasses.Count));
        Assert.Equal((9, 64, LogLevel.Error),
            (options.MqttKeepAliveSeconds, options.InferenceContextTokens, options.LogLevel));
    }

    [Fact]
    public void An_empty_variable_sets_nothing()
    {
        _setup.Environment["EDGEAGENT_DEVICE"] = "";

        Assert.Equal("board-7", _setup.Options().Device);
    }

    [Theory]
    [InlineData("""{ "mqtt": { "ulr": "x" } }""",
        "edge-agent.json:1: unknown key \"mqtt.ulr\"; did you mean \"mqtt.url\"?")]
    [InlineData("{\n\n\"devcie\": 1}", "edge-agent.json:3: unknown key \"devcie\"; did you mean \"device\"?")]
    [InlineData("{\n\"mqqt\": { \"url\": 1 } }", "edge-agent.json:2: unknown key \"mqqt\"; did you mean \"mqtt\"?")]
    [InlineData("""{ "queue": 4 }""", "edge-agent.json:1: unknown key \"queue\"; did you mean \"serving.queue\"?")]
    [InlineData("""{ "colour": 4 }""", "edge-agent.json:1: unknown key \"colour\"")]
    [InlineData("""{ "mqtt": { "tls": { "ca": "x" } } }""", "edge-agent.json:1: \"mqtt.tls\" is not built yet")]
    [InlineData("""{ "mqtt": { "tls": {} } }""", "edge-agent.json:1: \"mqtt.tls\" is not built yet")]
    [InlineData("""{ "mqtt": "mqtt://x" }""", "edge-agent.json:1: \"mqtt\" is a section, { … }")]
    [InlineData("{ \"device\": \"a\",\n \"device\": \"b\" }",
        "edge-agent.json:2: \"device\" is set twice in this file")]
    [InlineData("""{ "mqtt": {}, "mqtt": {} }""", "edge-agent.json:1: \"mqtt\" is set twice in this file")]
    public void A_key_that_is_no_option_is_an_error_with_its_line(string file, string error) =>
        Assert.Equal(error, _setup.Write(file).Error());

    [Theory]
    [InlineData("EDGEAGENT_MQTT_ULR", "unknown key \"EDGEAGENT_MQTT_ULR\"; did you mean \"EDGEAGENT_MQTT_URL\"?")]
    [InlineData("EDGEAGENT_MQTT_TLS_CA", "is not built yet")]
    [InlineData("EDGEAGENT_", "unknown key \"EDGEAGENT_\"")]
    public void A_variable_of_ours_that_is_no_option_is_an_error(string name, string error)
    {
        _setup.Environment[name] = "1";

        Assert.Equal($"{name}: {error}", _setup.Error());
    }

    [Theory]
    [InlineData("""{ "serving": { "queue": 0 } }""",
        "serving.queue wants a whole number from 1 to 10000, not the number 0")]
    [InlineData("""{ "serving": { "queue": "8" } }""", "serving.queue wants a whole number from 1 to 10000, not \"8\"")]
    [InlineData("""{ "serving": { "queue": 8.5 } }""",
        "serving.queue wants a whole number from 1 to 10000, not the number 8.5")]
    [InlineData("""{ "serving": { "queue": 1e999 } }""",
        "serving.queue wants a whole number from 1 to 10000, not the number 1e999")]
    [InlineData("""{ "serving": { "queue": true } }""",
        "serving.queue wants a whole number from 1 to 10000, not true or false")]
    [InlineData("""{ "device": 5 }""", "device wants text in quotes, not the number 5")]
    [InlineData("""{ "device": null }""", "device wants text in quotes, not null")]
    [InlineData("""{ "device": ["a"] }""", "device wants text in quotes, not a list")]
    [InlineData("""{ "device": "a/b" }""",
        "device wants a name of 1 to 64 letters, digits, '.', '_' or '-', not \"a/b\"")]
    [InlineData("""{ "device": "\ud800" }""", "device wants text in quotes, not a text with broken escapes")]
    [InlineData("""{ "model": "" }""", "model wants a path of 1 to 1024 characters, not \"\"")]
    [InlineData("""{ "mqtt": { "url": "mqtts://h" } }""",
        "mqtt.url wants mqtt://HOST[:PORT]; mqtts:// (TLS) is not built yet, not \"mqtts://h\"")]
    [InlineData("""{ "mqtt": { "url": "http://h" } }""", "mqtt.url wants mqtt://HOST[:PORT], not \"http://h\"")]
    [InlineData("""{ "mqtt": { "url": "mqtt://h/x" } }""",
        "mqtt.url wants mqtt://HOST[:PORT] with nothing behind it, not \"mqtt://h/x\"")]
    [InlineData("""{ "mqtt": { "url": "mqtt://h:99999" } }""",
        "mqtt.url wants mqtt://HOST[:PORT], not \"mqtt://h:99999\"")]
    [InlineData("""{ "mqtt": { "response_topics": ["a/#"] } }""",
        "mqtt.response_topics wants prefixes of 1 to 128 characters without '+', '#' or a leading '$', not a list")]
    [InlineData("""{ "inference": { "providers": ["cpu", "cpu"] } }""",
        "inference.providers wants a list without repetitions, not a list")]
    [InlineData("""{ "inference": { "providers": [1] } }""",
        "inference.providers wants a list of texts, not a list of other things than texts")]
    [InlineData("""{ "log": { "level": "loud" } }""",
        "log.level wants one of trace, debug, info, warning, error, not \"loud\"")]
    public void A_value_of_the_wrong_type_or_range_is_an_error_that_says_what_is_wanted(string file, string error) =>
        Assert.Equal("edge-agent.json:1: " + error, _setup.Write(file).Error());

    [Fact]
    public void All_errors_are_told_at_once_each_with_its_place()
    {
        _setup.Write("""
            { "devcie": "x",
              "serving": { "queue": 0 },
              "mqtt": { "password_file": "p" } }
            """);
        _setup.Environment["EDGEAGENT_LOG_LEVEL"] = "loud";
        _setup.Flags["--mqtt"] = "nowhere";

        var message = _setup.Read().Message;

        Assert.StartsWith("edge-agent: wrong configuration (5 to correct)\n", message, StringComparison.Ordinal);
        foreach (var place in new[] { "json:1: ", "json:2: ", "json:3: ", "EDGEAGENT_LOG_LEVEL: ", "--mqtt: " })
        {
            Assert.Contains(place, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_password_in_a_broker_address_is_refused_and_not_repeated()
    {
        _setup.Flags["--mqtt"] = "mqtt://agent:canary@site1";

        var error = _setup.Error();

        Assert.Contains("mqtt.password_file", error, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_name_that_cannot_stand_in_a_topic_asks_for_a_device_name()
    {
        _setup.HostName = "über/host";

        Assert.Contains("set --device", _setup.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_home_and_without_systemd_a_data_folder_is_asked_for()
    {
        _setup.Environment.Remove("HOME");

        Assert.Contains("set --data", _setup.Error(), StringComparison.Ordinal);
    }
}
