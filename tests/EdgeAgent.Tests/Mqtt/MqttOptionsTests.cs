using EdgeAgent.Mqtt;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>Ranges, defaults and secrets of the options.</summary>
public sealed class MqttOptionsTests
{
    [Fact]
    public void Options_out_of_range_are_all_named_at_once()
    {
        var options = new MqttOptions { ClientId = "", Port = 0, KeepAlive = TimeSpan.Zero, ReceiveMaximumCount = 0 };
        var fault = Assert.Throws<ArgumentException>(options.Verify).Message;
        Assert.All<string>(["ClientId", "Port", "KeepAlive", "ReceiveMaximumCount"], name => Assert.Contains(name, fault));
    }

    [Fact]
    public void Options_never_print_a_password() =>
        Assert.Equal("mqtt://127.0.0.1:1883 as a", $"{new MqttOptions { ClientId = "a", UserName = "u", Password = "swordfish" }}");

    [Fact]
    public void Default_options_are_within_their_ranges() => new MqttOptions { ClientId = "a" }.Verify();
}
