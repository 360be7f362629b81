using System.Globalization;

namespace EdgeAgent.Hosting;

/// <summary>Numbers in texts look the same on every machine, whatever its language.</summary>
internal static class InvariantText
{
    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
