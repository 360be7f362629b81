using System.Text;
using EdgeAgent.Protocol;

namespace EdgeAgent.Tests.Protocol;

public sealed class CancelParserTests
{
    // [P-33]
    [Theory]
    [InlineData("""{"id":"7"}""")]
    [InlineData("""{"reason":{"a":1},"id":"7"}""")]
    [InlineData("\ufeff {\"id\":\"7\"}\n")]
    public void A_cancel_names_the_id_of_a_request(string payload) =>
        Assert.Equal(new("7", null), Parse(payload));

    // [P-33]
    [Theory]
    [InlineData("", RefusalCode.InvalidJson)]
    [InlineData("7a", RefusalCode.InvalidJson)]
    [InlineData("{\"id\":\"7\"", RefusalCode.InvalidJson)]
    [InlineData("{\"id\":\"7\",\"id\":\"8\"}", RefusalCode.InvalidJson)]
    [InlineData("\"7\"", RefusalCode.InvalidField)]
    [InlineData("[\"7\"]", RefusalCode.InvalidField)]
    [InlineData("{}", RefusalCode.InvalidField)]
    [InlineData("{\"id\":7}", RefusalCode.InvalidField)]
    [InlineData("{\"id\":null}", RefusalCode.InvalidField)]
    [InlineData("{\"id\":\"\"}", RefusalCode.InvalidField)]
    [InlineData("{\"id\":\"a\\nb\"}", RefusalCode.InvalidField)]
    internal void A_cancel_without_an_id_is_refused(string payload, RefusalCode code)
    {
        var verdict = Parse(payload);
        Assert.Null(verdict.Id);
        Assert.Equal(code, verdict.Refusal!.Code);
    }

    // [P-33]
    [Fact]
    public void A_cancel_of_more_than_4_KiB_or_without_utf8_is_refused()
    {
        Assert.Equal(RefusalCode.PayloadTooLarge, Parse(new string(' ', 4097)).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidUtf8, CancelParser.Parse([0xFF]).Refusal!.Code);
    }

    private static CancelVerdict Parse(string payload) => CancelParser.Parse(Encoding.UTF8.GetBytes(payload));
}
