using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.Messaging;
using EdgeAgent.Mqtt;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Pruning;
using EdgeAgent.Tests.Serving;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Tests.Messaging;

/// <summary>What the agent says of itself: telemetry of the engine, and its retained status.</summary>
public sealed class TelemetryTests
{
    private readonly MessagingSetup _agent = new();
    private readonly ServingCounters _serving = new();
    private readonly EngineTelemetry _telemetry;
    private readonly Governor _governor;
    private readonly Board _board;
    private readonly EnergyMeter _energy;

    public TelemetryTests()
    {
        _energy = new EnergyMeter(_agent.Clock);
        _board = new Board(new SensorReader(new SensorOptions { Root = "/nowhere" }, _agent.Clock, [], _agent.Pushed));
        _governor = new Governor(GovernorLimits.From(new(), GovernorBench.Nano, _agent.Clock), _agent.Clock);
        _telemetry = new EngineTelemetry(MessagingSetup.Topics, _agent.Identity, _agent.Queue, _serving,
            _agent.Counters, _agent.Outbox,
            new EventPublisher(MessagingSetup.Topics, _agent.Identity, _governor, _board, new StatusLine(),
                _agent.Clock, NullLogger<EventPublisher>.Instance),
            _agent.Line, _governor, _agent.Plan, _energy, _agent.Clock);
    }

    [Fact]
    public void Telemetry_counts_from_zero_within_one_epoch_with_the_time_of_its_clock()
    {
        for (var seq = 0; seq < 3; seq++)
        {
            var body = Next(out var message);
            Assert.Equal((seq, _agent.Identity.Epoch, true), (body.Seq, body.Epoch, body.TimeOk));
            Assert.Equal(_agent.Clock.GetUtcNow().ToUnixTimeMilliseconds(), body.Time);
            Assert.Equal(10 * seq, body.Readings["uptime_seconds"]);
            Assert.Equal(("edgeagent/v1/device/press-7/out/telemetry/engine", MqttQos.AtMostOnce, false),
                (message.Topic, message.Qos, message.Retain));
            _agent.Clock.Advance(TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public void Speed_is_that_of_the_tokens_since_the_last_message_and_stays_while_nothing_runs()
    {
        Assert.Equal(0, Next(out _).Readings["tokens_per_second"]);
        _serving.Decoded(50, TimeSpan.FromSeconds(0.5));
        Assert.Equal(100, Next(out _).Readings["tokens_per_second"]);
        Assert.Equal(100, Next(out _).Readings["tokens_per_second"]);
        _serving.Decoded(30, TimeSpan.FromSeconds(0.1));
        var readings = Next(out _).Readings;
        Assert.Equal((300, 80), (readings["tokens_per_second"], readings["completion_tokens_total"]));
    }

    [Fact]
    public void Energy_is_among_the_readings_once_power_was_read_and_not_before()
    {
        Assert.DoesNotContain(Next(out _).Readings.Keys, name => name.Contains("energy", StringComparison.Ordinal));
        var account = _energy.Begin();
        for (var i = 0; i < 5; i++)
        {
            var now = _agent.Clock.GetTimestamp();
            _energy.Observe(new SensorSnapshot(now, [new Reading("board_power", 4, "watts", null, now, "test")]));
            _agent.Clock.Advance(TimeSpan.FromMilliseconds(250));
        }
        _energy.End(account, tokens: 10);
        var readings = Next(out _).Readings;
        Assert.Equal((5.0, 4.0, 0.0), (readings["energy_joules_total"], readings["board_energy_joules_total"],
            readings["energy_unknown_requests_total"]));
    }

    [Fact]
    public void Queue_level_and_every_counter_are_among_the_readings()
    {
        _agent.Queue.TryAdd(Served.Ticket());
        _agent.Plan.Plan = new PruningPlan { Level = 2 };
        _agent.Receive("{");
        var readings = Next(out _).Readings;
        Assert.Equal((1, 2, 1, 1), (readings["queue_requests"], readings["level"], readings["requests_refused_total"],
            readings["outbox_messages"]));
        Assert.Equal(_agent.Readings(), readings.Where(r => _agent.Readings().ContainsKey(r.Key)).ToDictionary());
        Assert.True(readings["resident_bytes"] > 1 << 20);
    }

    [Fact]
    public void Minutes_per_level_and_time_above_the_limit_are_among_the_readings()
    {
        for (var i = 0; i < 241; i++)
        {
            _agent.Clock.Advance(TimeSpan.FromMilliseconds(250));
            var at = _agent.Clock.GetTimestamp();
            _governor.Update(new SensorSnapshot(
                at, [new Reading("soc_temperature", i < 120 ? 50 : 90, "celsius", 85, at, "test")]));
        }
        var readings = Next(out _).Readings;
        Assert.Equal((0.5, 0.5), (readings["level_0_minutes_total"], readings["level_3_minutes_total"]));
        Assert.InRange(readings["above_limit_seconds_total"], 30, 30.3);
        Assert.Equal((0, 1), (
            readings["limits_held"], readings["level_changes_total"]));
        Assert.Equal(1, readings["events_dropped_total"]);
    }

    // [P-39]
    [Fact]
    public void Telemetry_of_the_board_has_every_reading_that_can_be_believed_with_its_unit()
    {
        var board = new BoardTelemetry(MessagingSetup.Topics, _agent.Identity, _board, _agent.Clock);
        Assert.Null(board.Next());
        _agent.Pushed.Push("line_belt", 41.5, "celsius", TimeSpan.FromSeconds(5), "mqtt", limit: 60);
        _agent.Pushed.Push("queue_delay", 0.25, "seconds", TimeSpan.FromSeconds(1), "serving");
        _board.Read();
        Assert.Equal(("edgeagent/v1/device/press-7/out/telemetry/board", 41.5, 0.25), Read(board.Next()!));
        _agent.Clock.Advance(TimeSpan.FromSeconds(3));
        _board.Read();
        Assert.Equal(("edgeagent/v1/device/press-7/out/telemetry/board", 41.5, double.NaN), Read(board.Next()!));

        static (string, double, double) Read(MqttOutgoing message)
        {
            Assert.True(Bodies.TryRead(message.Payload.Span, out TelemetryBody? body));
            return (message.Topic, body.Readings["line_belt_celsius"],
                body.Readings.TryGetValue("queue_delay_seconds", out var delay) ? delay : double.NaN);
        }
    }

    [Fact]
    public void A_level_that_has_changed_makes_the_status_due()
    {
        var status = Status();
        status.Online();
        Assert.False(status.IsOutdated);
        _agent.Plan.Plan = new PruningPlan { Level = 1 };
        Assert.True(status.IsOutdated);
        Assert.True(Bodies.TryRead(status.Online().Payload.Span, out StatusBody? body));
        Assert.Equal((1, false), (body.Level!.Value, status.IsOutdated));
    }

    [Fact]
    public void The_status_is_retained_and_outlives_one_refresh_that_is_late()
    {
        var message = Status().Online();
        Assert.True(Bodies.TryRead(message.Payload.Span, out StatusBody? body));
        Assert.Equal((AgentState.Online, 90, _agent.Identity.Epoch), (body.State, body.ValidS, body.Epoch));
        Assert.True(body.ValidS > StatusPublisher.RefreshInterval.TotalSeconds);
        Assert.Equal((MessagingSetup.Topics.Status, true, MqttQos.AtLeastOnce),
            (message.Topic, message.Retain, message.Qos));
        Assert.Equal((7, 0), (body.Limits!.QueueRequests, body.Limits.Level));
    }

    [Fact]
    public void Will_and_goodbye_promise_nothing_and_replace_the_status()
    {
        var status = Status();
        Assert.True(Bodies.TryRead(status.Will.Payload.Span, out StatusBody? will));
        Assert.True(Bodies.TryRead(status.Goodbye.Payload.Span, out StatusBody? goodbye));
        Assert.Equal((AgentState.Offline, 0), (will.State, will.ValidS));
        Assert.Equal((AgentState.Stopped, 0), (goodbye.State, goodbye.ValidS));
        Assert.Equal((status.Online().Topic, status.Online().Topic), (status.Will.Topic, status.Goodbye.Topic));
        Assert.True(status.Will.Retain && status.Goodbye.Retain);
    }

    private StatusPublisher Status() =>
        new(MessagingSetup.Topics, _agent.Identity, new ModelSlot(), _agent.Plan, new ProtocolOptions(),
        new AgentOptions { Device = "press-7", Data = "state", ServingQueue = 7 });

    private TelemetryBody Next(out MqttOutgoing message)
    {
        message = _telemetry.Next();
        Assert.True(Bodies.TryRead(message.Payload.Span, out TelemetryBody? body));
        return body;
    }
}
