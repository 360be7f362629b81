using EdgeAgent.Mqtt;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>The limit on messages held in memory.</summary>
public sealed class ReceiveThrottleTests
{
    [Fact]
    public void There_is_room_until_the_limit_and_again_as_soon_as_one_message_is_done_with()
    {
        var throttle = new ReceiveThrottle(2);
        throttle.Add();
        Assert.True(throttle.Room.IsCompleted);
        throttle.Add();
        var waiting = throttle.Room;
        Assert.False(waiting.IsCompleted);
        throttle.Add();
        throttle.Remove(1);
        Assert.False(waiting.IsCompleted);
        throttle.Remove(1);
        Assert.True(waiting.IsCompleted);
        Assert.True(throttle.Room.IsCompleted);
    }
}
