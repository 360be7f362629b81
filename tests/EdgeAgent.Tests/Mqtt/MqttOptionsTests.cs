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
        string[] names = ["ClientId", "Port", "KeepAlive", "ReceiveMaximumCount"];
        Assert.All(names, name => Assert.Contains(name, fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Options_never_print_a_password()
    {
        var options = new MqttOptions { ClientId = "a", UserName = "u", Password = "swordfish" };
        Assert.Equal("mqtt://127.0.0.1:1883 as a", $"{options}");
    }

    [Fact]
    public void Default_options_are_within_their_ranges() => new MqttOptions { ClientId = "a" }.Verify();
}
