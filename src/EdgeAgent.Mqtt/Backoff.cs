namespace EdgeAgent.Mqtt;

/// <summary>How long to wait before the next attempt: exponential, with full jitter.</summary>
/// <remarks>
/// A wait is drawn evenly from 0 to a ceiling that doubles with each attempt. Hundreds of agents that lost one broker
/// then come
/// back spread over the whole interval (M. Brooker, "Exponential Backoff And Jitter", 2015).
/// </remarks>
internal sealed class Backoff(TimeSpan minimum, TimeSpan maximum, int seed)
{
    private readonly Random _random = new(seed);
    private TimeSpan? _ceiling;

    /// <summary>The next wait; the one after it may be up to twice as long.</summary>
    public TimeSpan Next()
    {
        var ceiling = _ceiling ?? minimum;
        ceiling = ceiling < maximum ? ceiling : maximum;
        _ceiling = ceiling * 2;
        return ceiling * _random.NextDouble();
    }

    /// <summary>Starts over, because a connection held.</summary>
    public void Reset() => _ceiling = null;
}
