using EdgeAgent.Mqtt;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>Reading a broker URL.</summary>
public sealed class MqttAddressTests
{
    [Theory]
    [InlineData("mqtt://127.0.0.1:1883", "127.0.0.1", 1883)]
    [InlineData("mqtt://broker.plant.example", "broker.plant.example", 1883)]
    [InlineData("mqtt://[::1]:1884/", "::1", 1884)]
    public void A_broker_URL_is_read(string text, string host, int port)
    {
        Assert.True(MqttAddress.TryParse(text, out var address, out _));
        Assert.Equal(new MqttAddress(host, port), address);
        Assert.True(MqttAddress.TryParse(address.ToString(), out var again, out _));
        Assert.Equal(address, again);
    }

    [Theory]
    [InlineData("mqtts://broker:8883", "TLS is not built yet")]
    [InlineData("http://broker", "'http' is not spoken here")]
    [InlineData("broker:1883", "write mqtt://host:port")]
    [InlineData("", "write mqtt://host:port")]
    [InlineData("mqtt://", "write mqtt://host:port")]
    [InlineData("mqtt://broker:0", "write mqtt://host:port")]
    [InlineData("mqtt://broker:70000", "write mqtt://host:port")]
    [InlineData("mqtt://broker/topic", "nothing may follow the port")]
    [InlineData("mqtt://anna:swordfish@broker", "must not hold a user or a password")]
    [InlineData("mqtt//anna:swordfish@broker", "must not hold a user or a password")]
    public void A_wrong_broker_URL_is_explained_without_its_password(string text, string why)
    {
        Assert.False(MqttAddress.TryParse(text, out _, out var fault));
        Assert.Contains(why, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", fault, StringComparison.Ordinal);
    }
}
