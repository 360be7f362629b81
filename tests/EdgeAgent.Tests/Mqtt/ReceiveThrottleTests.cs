using EdgeAgent.Mqtt;

namespace EdgeAgent.Tests.Mqtt;

/// <summary>The limit on messages held in memory.</summary>
public sealed class ReceiveThrottleTests
{
    [Fact]
    public void There_is_room_until_the_limit_and_again_as_soon_as_one_message_is_done_with()
    {
        var throttle = new ReceiveThrottle(2);
        throttle.Start();
        throttle.Add(1);
        Assert.True(throttle.Room.IsCompleted);
        throttle.Add(1);
        var waiting = throttle.Room;
        Assert.False(waiting.IsCompleted);
        throttle.Add(1);
        throttle.Remove(1);
        Assert.False(waiting.IsCompleted);
        throttle.Remove(1);
        Assert.True(waiting.IsCompleted);
        Assert.True(throttle.Room.IsCompleted);
    }

    [Fact]
    public void Nothing_is_held_back_before_the_start_and_what_came_before_counts_after_it()
    {
        var throttle = new ReceiveThrottle(1);
        throttle.Add(1);
        Assert.True(throttle.Room.IsCompleted);
        throttle.Start();
        Assert.False(throttle.Room.IsCompleted);
    }
}
