using System.Text;
using System.Text.Json;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Hosting;
using EdgeAgent.Verbs;

namespace EdgeAgent.Tests.Verbs;

/// <summary>What `edge-agent sensors` prints.</summary>
public sealed class SensorsTextTests
{
    [Fact]
    public void A_snapshot_is_one_json_object_with_name_value_unit_limit_age_and_source()
    {
        var clock = new ManualClock();
        var snapshot = new SensorSnapshot(
            0,
            [
                new Reading("soc_temperature", 61.2, "celsius", 85, 0, "t0"),
                new Reading("fan", double.NaN, "rpm", null, 0, "hwmon", ReadingState.Failed),
            ])
        { Events = [new SensorEvent(SensorEventKind.Lost, "fan", ReadingState.Failed, "hwmon cannot be read", 0)] };
        clock.Advance(TimeSpan.FromMilliseconds(12));
        Assert.Equal(
            """
            {"readings":[{"name":"soc_temperature","value":61.2,"unit":"celsius","limit":85,"age_ms":12,"source":"t0"},
            {"name":"fan","value":null,"unit":"rpm","age_ms":12,"source":"hwmon","state":"failed"}],
            "events":[{"event":"sensor_lost","name":"fan","detail":"hwmon cannot be read"}]}
            """.ReplaceLineEndings(""),
            Json(snapshot, clock));
    }

    [Theory]
    [InlineData(61.25, "celsius", "61.3 °C")]
    [InlineData(2.4e9, "hertz", "2400 MHz")]
    [InlineData(0.125, "ratio", "12.5 %")]
    [InlineData(3.2e9, "bytes", "3200 MB")]
    [InlineData(1643, "rpm", "1643 rpm")]
    [InlineData(double.NaN, "watts", "?")]
    public void People_read_values_in_their_usual_units(double value, string unit, string text) =>
        Assert.Equal(text, SensorsText.Value(value, unit));

    [Fact]
    public void A_chart_has_its_newest_value_at_the_right_and_a_gap_where_nothing_was_believed()
    {
        var line = SensorsChart.Line([0.0, 0.5, null, 1.0], 0, 1);
        Assert.Equal("▁▅ █", line[^4..]);
        Assert.Equal(60, line.Length);
    }

    [Fact]
    public void A_chart_of_many_values_keeps_their_peaks()
    {
        var values = Enumerable.Repeat<double?>(0, 600).ToList();
        values[300] = 1;
        Assert.Equal(1, SensorsChart.Line(values, 0, 1).Count(bar => bar == '█'));
    }

    private static string Json(SensorSnapshot snapshot, TimeProvider clock)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            SensorsText.Write(writer, snapshot, clock);
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
