namespace EdgeAgent.Protocol;

/// <summary>Makes measured numbers fit for JSON, which has no infinity and gains nothing from 17 digits.</summary>
internal static class BodyNumbers
{
    /// <exception cref="ArgumentOutOfRangeException">The number is not finite: its source is wrong.</exception>
    public static double Rounded(double value, int digits) => double.IsFinite(value)
        ? Math.Round(value, digits)
        : throw new ArgumentOutOfRangeException(nameof(value), value, "A body can only hold finite numbers.");
}
