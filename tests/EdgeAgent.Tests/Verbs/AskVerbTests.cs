using EdgeAgent.Serving;
using EdgeAgent.Verbs;

namespace EdgeAgent.Tests.Verbs;

public sealed class AskVerbTests
{
    [Theory]
    [InlineData(12.3456, 7.5, 64, "energy: 12.346 J, 7.5 J of it above idle; 0.1929 J per token")]
    [InlineData(0.5, null, 10, "energy: 0.5 J; 0.05 J per token")]
    [InlineData(0.5, 0.0, 0, "energy: 0.5 J, 0 J of it above idle")]
    public void What_is_not_known_of_the_energy_is_left_out(double joules, double? above, int tokens, string text) =>
        Assert.Equal(text, AskVerb.EnergyText(new EnergyUse(joules, above), tokens));
}
