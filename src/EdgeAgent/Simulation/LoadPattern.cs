using System.Globalization;

namespace EdgeAgent.Simulation;

/// <summary>When simulated requests arrive.</summary>
/// <param name="PerSecond">Requests a second; null: what the board answers at level 0 and full clock.</param>
/// <param name="IsRandom">Poisson arrivals instead of even ones.</param>
internal sealed record LoadPattern(double? PerSecond, bool IsRandom)
{
    /// <summary>What <see cref="Parse"/> reads.</summary>
    public const string Forms = "constant, constant:REQUESTS_PER_SECOND or poisson:REQUESTS_PER_SECOND";

    private const double MostPerSecond = 1000;

    /// <summary>Reads `constant`, `constant:2` or `poisson:2`; null where it is none of them.</summary>
    public static LoadPattern? Parse(string text)
    {
        var parts = text.Split(':');
        if (parts is ["constant"])
        {
            return new LoadPattern(null, IsRandom: false);
        }
        return parts is ["constant" or "poisson", var rate]
            && double.TryParse(rate, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var perSecond)
            && perSecond is > 0 and <= MostPerSecond
            ? new LoadPattern(perSecond, parts[0] == "poisson")
            : null;
    }

    /// <summary>Arrival times in seconds, rising, without end.</summary>
    /// <param name="full">Requests a second that the unthrottled board answers at level 0.</param>
    public IEnumerable<double> Arrivals(double full, int seed)
    {
        var random = new Random(seed);
        var rate = PerSecond ?? full;
        for (var at = 0.0; ;)
        {
            at += IsRandom ? -Math.Log(1 - random.NextDouble()) / rate : 1 / rate;
            yield return at;
        }
    }
}
